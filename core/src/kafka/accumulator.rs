//! The producer's accumulator: records join batches, whose memory is bounded by `buffer.memory` (prod.PB1).
//!
//! An application has one thread that calls `send()`: while it is blocked, the records that it would send stand behind.

use super::log::Batch;
use super::log::records::{BATCH_HEADER_BYTES, RecordData, largest_size};
use super::producer::{Producer, ProducerCx, Queued};
use super::step::Timer;
use crate::event::{ErrorCode, EventKind};
use crate::ids::*;

/// A record that the application wants to send: its `send()` has not returned.
pub type Waiting = (RecordId, PartitionId, RecordData);

impl Queued {
    /// About what it takes in a request: each record has some seven bytes beside key and value.
    pub(super) fn wire_bytes(&self) -> u64 {
        BATCH_HEADER_BYTES + u64::from(self.bytes) + 7 * u64::from(self.batch.count)
    }
}

impl Producer {
    /// Memory that its batches take until they are answered or given up: `batch.size` each, and a record that is larger as much as it needs.
    fn buffered(&self, batch_bytes: u32) -> u64 {
        let queued = self.parts.iter().flat_map(|p| &p.queue);
        let flying = self.conns.iter().flat_map(|c| c.in_flight.iter().flatten().map(|x| &x.1));
        queued.chain(flying).map(|q| u64::from(q.bytes.max(batch_bytes))).sum()
    }
}

impl ProducerCx<'_> {
    /// prod.PB1: the application calls `send()`.
    pub(super) fn accumulate(&mut self, record: RecordId, partition: PartitionId, data: RecordData) {
        let waiting = (record, partition, data);
        if self.p.blocked.is_empty() {
            if self.offer(waiting) {
                return;
            }
            self.block(waiting);
        }
        self.p.blocked.push_back(waiting);
    }

    /// Memory may have become free: what waits for it goes on, in order.
    pub(super) fn unblock(&mut self) {
        while let Some(&first) = self.p.blocked.front() {
            if !self.offer(first) {
                return;
            }
            self.next_waits();
        }
    }

    /// `max.block.ms` is over.
    pub(super) fn on_max_block(&mut self) {
        if let Some((record, partition, _)) = self.p.blocked.front().copied() {
            self.refuse(record, partition, ErrorCode::BufferExhausted);
            self.next_waits();
        }
    }

    /// Its application gives up on the records that it wanted to send.
    pub(super) fn abandon_blocked(&mut self, error: ErrorCode) {
        if !self.p.blocked.is_empty() {
            self.out.disarm(Timer::MaxBlock(self.p.id));
        }
        for (record, partition, _) in std::mem::take(&mut self.p.blocked) {
            self.out.event(EventKind::SendRefused { record, partition, error });
        }
    }

    /// The first that waited waits no more; the application calls `send()` for the next one.
    fn next_waits(&mut self) {
        self.p.blocked.pop_front();
        self.out.disarm(Timer::MaxBlock(self.p.id));
        if let Some(&next) = self.p.blocked.front()
            && !self.has_room(&next)
            && !self.is_too_large(next.2.bytes)
        {
            self.block(next);
        }
    }

    fn block(&mut self, (record, partition, _): Waiting) {
        self.out.event(EventKind::SendBlocked { record, partition });
        self.out.arm(Timer::MaxBlock(self.p.id));
    }

    /// `send()` returns, with the record in a batch or with an exception; false if it has to wait for memory.
    fn offer(&mut self, waiting: Waiting) -> bool {
        let (record, partition, data) = waiting;
        if self.is_too_large(data.bytes) {
            self.refuse(record, partition, ErrorCode::RecordTooLarge);
        } else if self.has_room(&waiting) {
            self.append(record, partition, data);
        } else {
            return false;
        }
        true
    }

    /// prod.PB1, PB3: a record that fits into no request or into no memory.
    fn is_too_large(&self, bytes: u32) -> bool {
        let most = self.config().max_request_bytes.min(self.config().buffer_bytes);
        largest_size(bytes) > most
    }

    fn refuse(&mut self, record: RecordId, partition: PartitionId, error: ErrorCode) {
        self.out.event(EventKind::SendRefused { record, partition, error });
        self.send_failed(error);
    }

    /// Is there a batch that it joins, or memory for another one?
    fn has_room(&self, (_, partition, data): &Waiting) -> bool {
        let (limit, memory) = (self.config().batch_bytes, self.config().buffer_bytes);
        self.fits(*partition, data.bytes) || self.p.buffered(limit) + u64::from(data.bytes.max(limit)) <= memory
    }

    fn fits(&self, partition: PartitionId, bytes: u32) -> bool {
        let last = self.p.parts[partition.ix()].queue.last();
        last.is_some_and(|q| !q.sent && q.bytes + bytes <= self.config().batch_bytes)
    }

    /// The record joins the last batch of its partition, or a new one.
    fn append(&mut self, record: RecordId, partition: PartitionId, data: RecordData) {
        let bytes = data.bytes;
        let (id, pid, lingered) = (self.p.id, self.p.pid(), self.config().no_linger);
        let fits = self.fits(partition, bytes);
        let queue = &mut self.p.parts[partition.ix()].queue;
        if !fits {
            let batch = Batch { id: BatchId { producer: id, n: self.p.batches }, count: 0, pid, epoch: 0, seq: None };
            self.p.batches += 1;
            if !lingered && queue.iter().all(|q| q.lingered) {
                self.out.arm(Timer::Linger(id, partition));
            }
            queue.push(Queued { batch, bytes: 0, lingered, sent: false, attempts: 0 });
            self.out.arm(Timer::Delivery(batch.id));
        }
        let last = queue.last_mut().expect("one was pushed if there was none");
        last.batch.count += 1;
        last.bytes += bytes;
        let batch = last.batch.id;
        self.out.event(EventKind::Batched { record, batch, partition });
        if self.setup.keeps_records() {
            self.out.batched.push((batch, data));
        }
    }
}
