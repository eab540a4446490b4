//! The way of one block from the disk to the network, hop by hop (rule book 7.1 and 7.2).
//!
//! Left out: what happens inside the network card, kernel TLS (Kafka does not use it), page faults of a mapping.

/// How a program sends a file to a socket.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Method {
    /// read(2) into a buffer, write(2) from it.
    ReadWrite,
    /// mmap(2) once, write(2) from the mapping. Kafka maps its index files, not its logs.
    MmapWrite,
    /// sendfile(2): what Java's `FileChannel.transferTo` calls on Linux, and Kafka for every plaintext fetch.
    Sendfile,
}

impl Method {
    /// All of them.
    pub const ALL: [Method; 3] = [Method::ReadWrite, Method::MmapWrite, Method::Sendfile];
}

/// Where and under what conditions a block is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Conditions {
    /// The block is in the page cache already.
    pub cached: bool,
    /// TLS: user space encrypts, so every method becomes read, encrypt, write.
    pub tls: bool,
    /// The network card gathers what it sends from several places of memory (scatter-gather DMA). Most do.
    pub gather: bool,
}

/// A place that bytes can be in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Place {
    /// On the disk.
    Disk,
    /// In the kernel's page cache.
    PageCache,
    /// In a buffer of the program.
    UserBuffer,
    /// In a second buffer of the program, encrypted.
    Ciphertext,
    /// In the kernel's socket buffer.
    SocketBuffer,
    /// On the network card.
    Nic,
}

/// Who moves bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mover {
    /// The CPU, byte by byte.
    Cpu,
    /// The device itself (direct memory access), while the CPU does something else.
    Dma,
}

/// One step of the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The program calls the kernel: from user mode to kernel mode.
    Call(&'static str),
    /// The kernel returns: from kernel mode to user mode.
    Return(&'static str),
    /// Bytes are copied.
    Copy {
        /// From.
        from: Place,
        /// To.
        to: Place,
        /// By whom.
        by: Mover,
    },
    /// Only where the bytes lie is noted, for the card to fetch them itself.
    Point {
        /// Where they lie.
        from: Place,
        /// Where that is noted.
        to: Place,
    },
    /// The CPU encrypts them, into another buffer of the program.
    Encrypt,
}

/// What a way costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// System calls.
    pub calls: u32,
    /// Switches between user and kernel mode: two a call. (Not context switches: the thread stays the same.)
    pub mode_switches: u32,
    /// Copies by the CPU.
    pub cpu_copies: u32,
    /// Copies by DMA.
    pub dma_copies: u32,
    /// Of those, reads of the disk.
    pub disk_reads: u32,
    /// Passes of the CPU to encrypt.
    pub encryptions: u32,
}

impl Counts {
    /// Adds one step.
    pub fn add(&mut self, s: Step) {
        match s {
            Step::Call(_) => {
                self.calls += 1;
                self.mode_switches += 1;
            }
            Step::Return(_) => self.mode_switches += 1,
            Step::Copy { by: Mover::Cpu, .. } => self.cpu_copies += 1,
            Step::Copy { from, by: Mover::Dma, .. } => {
                self.dma_copies += 1;
                self.disk_reads += u32::from(from == Place::Disk);
            }
            Step::Point { .. } => {}
            Step::Encrypt => self.encryptions += 1,
        }
    }

    /// Of some steps.
    pub fn of(steps: &[Step]) -> Counts {
        let mut c = Counts::default();
        steps.iter().for_each(|s| c.add(*s));
        c
    }

    /// Copies of any kind.
    pub fn copies(&self) -> u32 {
        self.cpu_copies + self.dma_copies
    }
}

/// The method that is really used: under TLS, Kafka reads, encrypts and writes whatever was asked for.
pub fn used(m: Method, c: Conditions) -> Method {
    if c.tls { Method::ReadWrite } else { m }
}

/// The way of one block, in order.
pub fn steps(m: Method, c: Conditions) -> Vec<Step> {
    use Mover::{Cpu, Dma};
    use Place::{Ciphertext, Disk, Nic, PageCache, SocketBuffer, UserBuffer};
    let copy = |from, to, by| Step::Copy { from, to, by };
    let mut way = Vec::new();
    let load = |way: &mut Vec<Step>| {
        if !c.cached {
            way.push(copy(Disk, PageCache, Dma));
        }
    };
    match used(m, c) {
        Method::ReadWrite => {
            way.push(Step::Call("read"));
            load(&mut way);
            way.extend([copy(PageCache, UserBuffer, Cpu), Step::Return("read")]);
            let from = if c.tls { Ciphertext } else { UserBuffer };
            if c.tls {
                way.push(Step::Encrypt);
            }
            way.extend([Step::Call("write"), copy(from, SocketBuffer, Cpu), Step::Return("write"), copy(SocketBuffer, Nic, Dma)]);
        }
        Method::MmapWrite => {
            // The mapping itself is a call of its own, once for the whole file; reading the disk is a page fault.
            way.push(Step::Call("mmap"));
            way.push(Step::Return("mmap"));
            way.push(Step::Call("write"));
            load(&mut way);
            way.extend([copy(PageCache, SocketBuffer, Cpu), Step::Return("write"), copy(SocketBuffer, Nic, Dma)]);
        }
        Method::Sendfile => {
            way.push(Step::Call("sendfile"));
            load(&mut way);
            if c.gather {
                way.extend([Step::Point { from: PageCache, to: SocketBuffer }, Step::Return("sendfile"), copy(PageCache, Nic, Dma)]);
            } else {
                way.extend([copy(PageCache, SocketBuffer, Cpu), Step::Return("sendfile"), copy(SocketBuffer, Nic, Dma)]);
            }
        }
    }
    way
}

/// The ways of the same block to several consumer groups: only the first may find it on the disk.
pub fn fan_out(m: Method, c: Conditions, groups: u32) -> Vec<Step> {
    (0..groups).flat_map(|g| steps(m, Conditions { cached: c.cached || g > 0, ..c })).collect()
}

/// What one core copies in a second, in MB: a round figure, as the three below it. They show what holds a transfer up;
/// to predict one, measure.
pub const COPY_MB_S: f64 = 10_000.0;
/// What one core encrypts in a second (AES-GCM), in MB.
pub const ENCRYPT_MB_S: f64 = 2_000.0;
/// What the kernel's network stack takes of a core for each MB, in microseconds.
pub const STACK_US_PER_MB: f64 = 50.0;
/// What a network card of 10 Gbit/s sends in a second, in MB.
pub const CARD_MB_S: f64 = 1_250.0;

/// MB/s that one core gets onto the network by a way that costs this, while others keep it busy for `busy` of the time
/// (0 to 1): the card sets the limit, or what is left of the core. Calls are left out: 1 us each, for a block of megabytes.
pub fn rate_mb_s(way: &Counts, busy: f64) -> f64 {
    let (copies, passes) = (f64::from(way.cpu_copies), f64::from(way.encryptions));
    let us_per_mb = STACK_US_PER_MB + 1e6 * (copies / COPY_MB_S + passes / ENCRYPT_MB_S);
    CARD_MB_S.min((1.0 - busy) * 1e6 / us_per_mb)
}
