//! The measured end: moves the file into the socket, one chunk after another, and counts its
//! system calls as they return.

use std::fs::File;
use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::io::{Errno, pread};
use rustix::net::{SendFlags, send};

use super::plan::{Path, Way};
use crate::bench::interrupt::Interrupt;
use crate::bench::sys::file_map::FileMap;
use crate::bench::sys::pages::{PageKind, Pages};
use crate::report::model::Calls;

/// What one slice of sending did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sent {
    pub(crate) bytes: u64,
    pub(crate) calls: Calls,
    /// Sends with MSG_ZEROCOPY that took bytes.
    #[cfg(target_os = "linux")]
    pub(crate) zerocopy_sends: u64,
    /// Those that the kernel reported as finished, and those of them that it copied after all.
    pub(crate) zerocopy_reported: u64,
    pub(crate) zerocopy_copied: u64,
}

/// The file to send, read and mapped.
pub(crate) struct Source<'a> {
    pub(crate) file: &'a File,
    pub(crate) map: &'a FileMap,
}

/// One slice in progress.
struct Sender<'a> {
    source: &'a Source<'a>,
    socket: &'a TcpStream,
    /// For read+send only.
    buffer: Option<Pages>,
    #[cfg(target_os = "linux")]
    pipe: Option<(std::os::fd::OwnedFd, std::os::fd::OwnedFd)>,
    sent: Sent,
}

/// Sends the file over and over until the time is up or someone interrupts.
pub(crate) fn send_for(source: &Source<'_>, socket: &TcpStream, path: Path, duration: Duration, interrupt: &Interrupt) -> io::Result<Sent> {
    let mut sender = Sender::new(source, socket, path)?;
    let length = source.map.bytes().len() as u64;
    let start = Instant::now();
    let mut at = 0;
    while start.elapsed() < duration && !interrupt.raised() {
        let chunk = path.chunk.min(length - at);
        sender.chunk(path.way, at, chunk)?;
        at = (at + chunk) % length;
    }
    sender.settle(path.way)?;
    Ok(sender.sent)
}

impl<'a> Sender<'a> {
    fn new(source: &'a Source<'a>, socket: &'a TcpStream, path: Path) -> io::Result<Sender<'a>> {
        let pages = || Pages::new(path.chunk as usize, PageKind::Small).map_err(io::Error::other);
        Ok(Sender {
            source,
            socket,
            buffer: (path.way == Way::ReadSend).then(pages).transpose()?,
            #[cfg(target_os = "linux")]
            pipe: if path.way == Way::Splice { Some(linux::pipe(path.chunk)?) } else { None },
            sent: Sent::default(),
        })
    }

    fn chunk(&mut self, way: Way, at: u64, length: u64) -> io::Result<()> {
        match way {
            Way::ReadSend => self.read_send(at, length),
            Way::MmapSend => {
                let bytes = &self.source.map.bytes()[at as usize..][..length as usize];
                self.send_all(bytes)
            }
            #[cfg(target_os = "linux")]
            Way::Sendfile => self.sendfile(at, length),
            #[cfg(target_os = "linux")]
            Way::Splice => self.splice(at, length),
            #[cfg(target_os = "linux")]
            Way::Zerocopy => self.zerocopy(at, length),
            #[cfg(not(target_os = "linux"))]
            _ => Err(io::Error::from(io::ErrorKind::Unsupported)),
        }
    }

    fn read_send(&mut self, at: u64, length: u64) -> io::Result<()> {
        let Some(mut buffer) = self.buffer.take() else {
            return Err(io::Error::other("no buffer to read into"));
        };
        let mut done = 0;
        let mut result = Ok(());
        while done < length && result.is_ok() {
            let read = pread(self.source.file, &mut buffer[..(length - done) as usize], at + done);
            self.sent.calls.read += 1;
            result = match read {
                Ok(0) => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                Ok(read) => {
                    done += read as u64;
                    self.send_all(&buffer[..read])
                }
                Err(Errno::INTR) => Ok(()),
                Err(error) => Err(error.into()),
            };
        }
        self.buffer = Some(buffer);
        result
    }

    fn send_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.sent.calls.send += 1;
            match send(self.socket, bytes, SendFlags::empty()) {
                Ok(moved) => {
                    self.sent.bytes += moved as u64;
                    bytes = &bytes[moved..];
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits until nothing that was sent is still in the kernel's hands.
    fn settle(&mut self, way: Way) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if way == Way::Zerocopy {
            return self.settle_zerocopy();
        }
        let _ = way;
        Ok(())
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::sendfile;
    use rustix::io::Errno;
    use rustix::net::{SendFlags, send};
    use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};

    use super::Sender;
    use crate::bench::sys::socket::read_notices;

    const MSG_ZEROCOPY: SendFlags = SendFlags::from_bits_retain(libc::MSG_ZEROCOPY as u32);
    /// Sends between looks at the error queue.
    const LOOK_EVERY: u64 = 16;

    /// A pipe that holds a chunk, or as much as the system lets an ordinary user have.
    pub(super) fn pipe(chunk: u64) -> io::Result<(OwnedFd, OwnedFd)> {
        let (out, into) = pipe_with(PipeFlags::CLOEXEC)?;
        // A smaller pipe only means more calls, which are counted.
        let _ = fcntl_setpipe_size(&into, chunk as usize);
        Ok((out, into))
    }

    impl Sender<'_> {
        pub(super) fn sendfile(&mut self, at: u64, length: u64) -> io::Result<()> {
            let mut offset = at;
            while offset < at + length {
                self.sent.calls.sendfile += 1;
                let left = (at + length - offset) as usize;
                match sendfile(self.socket, self.source.file, Some(&mut offset), left) {
                    Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                    Ok(moved) => self.sent.bytes += moved as u64,
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(())
        }

        pub(super) fn splice(&mut self, at: u64, length: u64) -> io::Result<()> {
            let Some((out, into)) = &self.pipe else {
                return Err(io::Error::other("no pipe to splice through"));
            };
            let mut offset = at;
            while offset < at + length {
                self.sent.calls.splice += 1;
                let left = (at + length - offset) as usize;
                let file = self.source.file;
                let mut in_pipe = match splice(file, Some(&mut offset), into, None, left, SpliceFlags::MOVE) {
                    Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                    Ok(moved) => moved,
                    Err(Errno::INTR) => continue,
                    Err(error) => return Err(error.into()),
                };
                while in_pipe > 0 {
                    self.sent.calls.splice += 1;
                    match splice(out, None, self.socket, None, in_pipe, SpliceFlags::MOVE) {
                        Ok(moved) => {
                            in_pipe -= moved;
                            self.sent.bytes += moved as u64;
                        }
                        Err(Errno::INTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
            Ok(())
        }

        pub(super) fn zerocopy(&mut self, at: u64, length: u64) -> io::Result<()> {
            let mut bytes = &self.source.map.bytes()[at as usize..][..length as usize];
            while !bytes.is_empty() {
                self.sent.calls.send += 1;
                match send(self.socket, bytes, MSG_ZEROCOPY) {
                    Ok(moved) => {
                        self.sent.bytes += moved as u64;
                        self.sent.zerocopy_sends += 1;
                        bytes = &bytes[moved..];
                    }
                    Err(Errno::INTR) => {}
                    // Too much pinned memory or too many notices waiting: let some finish.
                    Err(Errno::NOBUFS) => self.wait_for_notices()?,
                    Err(error) => return Err(error.into()),
                }
            }
            if self.sent.zerocopy_sends.is_multiple_of(LOOK_EVERY) {
                self.look()?;
            }
            Ok(())
        }

        fn look(&mut self) -> io::Result<()> {
            let notices = read_notices(self.socket.as_fd())?;
            self.sent.calls.recvmsg += notices.calls;
            self.sent.zerocopy_reported += notices.done;
            self.sent.zerocopy_copied += notices.copied;
            Ok(())
        }

        fn wait_for_notices(&mut self) -> io::Result<()> {
            let mut polled = [PollFd::new(self.socket, PollFlags::empty())];
            let limit = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
            match poll(&mut polled, Some(&limit)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            self.sent.calls.recvmsg += 1;
            self.look()
        }

        /// Mapped pages must stay until the kernel has let go of them all; the receiver is still
        /// reading, so this ends. It gives up after two seconds: the pages are only read.
        pub(super) fn settle_zerocopy(&mut self) -> io::Result<()> {
            self.look()?;
            for _ in 0..100 {
                if self.sent.zerocopy_reported >= self.sent.zerocopy_sends {
                    break;
                }
                self.wait_for_notices()?;
            }
            Ok(())
        }
    }
}
