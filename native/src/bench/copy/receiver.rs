//! The other end of the connection: takes bytes until the sender is done.

use std::io;
use std::net::TcpStream;
use std::time::Instant;

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::plan::Receiver;
use crate::bench::pin;
use crate::bench::sys::usage::Usage;

/// Bytes asked for in one recv.
pub(crate) const BUFFER: usize = 128 << 10;

/// On Linux, TCP drops what is received with MSG_TRUNC; elsewhere these paths are not measured.
#[cfg(target_os = "linux")]
const DISCARD: RecvFlags = RecvFlags::TRUNC;
#[cfg(not(target_os = "linux"))]
const DISCARD: RecvFlags = RecvFlags::empty();

/// What the receiver saw.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Received {
    pub(crate) bytes: u64,
    /// When it learned that nothing more comes.
    pub(crate) done_at: Instant,
    pub(crate) cpu_seconds: f64,
}

/// Receives until the end of the stream, on the given core.
pub(crate) fn receive(socket: &TcpStream, how: Receiver, core: Option<usize>) -> io::Result<Received> {
    core.map(pin::pin_to);
    let usage = Usage::of_this_thread();
    let mut buffer = vec![1u8; BUFFER];
    let flags = match how {
        Receiver::Copying => RecvFlags::empty(),
        Receiver::Discarding => DISCARD,
    };
    let mut bytes = 0;
    loop {
        match recv(socket, &mut buffer[..], flags) {
            Ok((_, 0)) => break,
            Ok((_, length)) => bytes += length as u64,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let done_at = Instant::now();
    let used = Usage::of_this_thread().since(usage);
    Ok(Received { bytes, done_at, cpu_seconds: used.user_seconds + used.system_seconds })
}
