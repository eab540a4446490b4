//! Rule book 7.2, row by row, and lesson L6's numbers.

use highwater_core::cost::copy::{Conditions, Counts, Method, Step, fan_out, steps, used};

const COLD: Conditions = Conditions { cached: false, tls: false, gather: true };

fn counts(m: Method, c: Conditions) -> Counts {
    Counts::of(&steps(m, c))
}

fn row(c: Counts) -> (u32, u32, u32, u32, u32) {
    (c.calls, c.mode_switches, c.copies(), c.cpu_copies, c.dma_copies)
}

#[test]
fn the_table_of_7_2() {
    let no_gather = Conditions { gather: false, ..COLD };
    assert_eq!(row(counts(Method::ReadWrite, COLD)), (2, 4, 4, 2, 2));
    assert_eq!(row(counts(Method::MmapWrite, COLD)), (2, 4, 3, 1, 2));
    assert_eq!(row(counts(Method::Sendfile, no_gather)), (1, 2, 3, 1, 2));
    assert_eq!(row(counts(Method::Sendfile, COLD)), (1, 2, 2, 0, 2));
}

#[test]
fn a_cached_block_needs_no_disk() {
    let c = counts(Method::Sendfile, Conditions { cached: true, ..COLD });
    assert_eq!((c.disk_reads, c.dma_copies, c.cpu_copies), (0, 1, 0));
}

#[test]
fn l6_3_one_copy_to_the_card_for_each_group() {
    let c = Counts::of(&fan_out(Method::Sendfile, Conditions { cached: true, ..COLD }, 3));
    assert_eq!((c.disk_reads, c.dma_copies, c.cpu_copies), (0, 3, 0));
    // The challenge: five groups, one read of the disk.
    let c = Counts::of(&fan_out(Method::Sendfile, COLD, 5));
    assert_eq!((c.disk_reads, c.cpu_copies, c.dma_copies), (1, 0, 6));
}

#[test]
fn l6_4_under_tls_everything_goes_through_user_space() {
    let tls = Conditions { tls: true, ..COLD };
    assert_eq!(used(Method::Sendfile, tls), Method::ReadWrite);
    for m in Method::ALL {
        let c = counts(m, tls);
        assert_eq!((c.cpu_copies, c.encryptions, c.calls, c.mode_switches), (2, 1, 2, 4), "{m:?}");
    }
}

#[test]
fn every_call_returns_before_the_next() {
    for m in Method::ALL {
        for bits in 0..8 {
            let c = Conditions { cached: bits & 1 > 0, tls: bits & 2 > 0, gather: bits & 4 > 0 };
            let mut open = None;
            for s in steps(m, c) {
                match s {
                    Step::Call(name) => assert_eq!(open.replace(name), None, "{m:?} {c:?}"),
                    Step::Return(name) => assert_eq!(open.take(), Some(name), "{m:?} {c:?}"),
                    _ => {}
                }
            }
            assert_eq!(open, None);
        }
    }
}
