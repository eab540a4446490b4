//! MSG_ZEROCOPY's two ends: the option, and the notices on the error queue.
#![allow(unsafe_code)]

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};

const SO_EE_ORIGIN_ZEROCOPY: u8 = 5;
const SO_EE_CODE_ZEROCOPY_COPIED: u8 = 1;

/// Notices about finished MSG_ZEROCOPY sends.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Notices {
    /// Sends that finished.
    pub(crate) done: u64,
    /// Of these, the ones for which the kernel copied the payload after all.
    pub(crate) copied: u64,
    /// recvmsg calls that it took.
    pub(crate) calls: u64,
}

/// Lets a socket take MSG_ZEROCOPY. Fails on kernels before 4.14.
pub(crate) fn enable_zerocopy(socket: BorrowedFd<'_>) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: passes a pointer to a live int with its size; the kernel only reads it.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ZEROCOPY,
            (&raw const on).cast(),
            mem::size_of_val(&on) as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Reads every notice that is waiting, without blocking.
pub(crate) fn read_notices(socket: BorrowedFd<'_>) -> io::Result<Notices> {
    let mut notices = Notices::default();
    loop {
        let mut control = [0u64; 16];
        // SAFETY: `msghdr` is plain data, for which all zeroes is a value.
        let mut header: libc::msghdr = unsafe { mem::zeroed() };
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = mem::size_of_val(&control);
        notices.calls += 1;
        // SAFETY: the header points to `control`, which outlives the call.
        let result = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT) };
        if result < 0 {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::WouldBlock => Ok(notices),
                io::ErrorKind::Interrupted => continue,
                _ => Err(error),
            };
        }
        add(&header, &mut notices);
    }
}

fn add(header: &libc::msghdr, notices: &mut Notices) {
    // SAFETY: the kernel filled `header`; CMSG_FIRSTHDR checks the length that it left.
    let first = unsafe { libc::CMSG_FIRSTHDR(header) };
    if first.is_null() {
        return;
    }
    // SAFETY: a non-null first header lies whole within the control buffer.
    let length = unsafe { (*first).cmsg_len };
    let wanted = mem::size_of::<libc::sock_extended_err>();
    // SAFETY: CMSG_LEN only computes.
    if length < unsafe { libc::CMSG_LEN(wanted as u32) } as usize {
        return;
    }
    // SAFETY: at least `wanted` bytes of data follow the header, as just checked; the read is
    // unaligned because the buffer promises nothing.
    let error = unsafe { libc::CMSG_DATA(first).cast::<libc::sock_extended_err>().read_unaligned() };
    if error.ee_origin == SO_EE_ORIGIN_ZEROCOPY && error.ee_errno == 0 {
        let count = u64::from(error.ee_data.wrapping_sub(error.ee_info)) + 1;
        notices.done += count;
        if error.ee_code & SO_EE_CODE_ZEROCOPY_COPIED != 0 {
            notices.copied += count;
        }
    }
}
