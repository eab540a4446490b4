//! What a task does with a record: count, or pass on with another key.

use super::{Aggregate, Store};
use crate::event::{DroppedWhy, EventKind, StreamsEvent};
use crate::ids::*;
use crate::kafka::OUTPUT_BYTES;
use crate::kafka::consumer::{Buffered, ConsumerCx};
use crate::kafka::log::records::RecordData;
use crate::kafka::setup::Window;
use crate::kafka::step::AppCall;
use std::rc::Rc;

/// Where the window of a timestamp begins.
fn window_start(w: Window, timestamp_ms: u64) -> u32 {
    (timestamp_ms - timestamp_ms % u64::from(w.size_ms)) as u32
}

/// Does stream time lie so far beyond the end of the window that it is closed?
fn closed(w: Window, start_ms: u32, stream_time_ms: u64) -> bool {
    u64::from(start_ms) + u64::from(w.size_ms) + u64::from(w.grace_ms) <= stream_time_ms
}

/// A changelog's record, put back.
pub(super) fn restore(store: &mut Store, r: &RecordData) {
    if let Some(key) = r.key {
        store.insert((key, r.window_ms), Aggregate { count: r.count, timestamp_ms: r.timestamp_ms });
    }
}

impl ConsumerCx<'_> {
    /// A task processes the record; what it makes of it is sent at once.
    pub(in crate::kafka) fn process(&mut self, r: Buffered) {
        let Some(s) = self.config().streams.clone() else { return };
        let record = self.record(r);
        let Some(task) = self.task_mut(r.partition) else { return };
        task.done = Some(r.offset.plus(1));
        let Some(key) = record.key else {
            return self.drop_record(r, DroppedWhy::NoKey);
        };
        match s.repartition.as_ref().filter(|x| x.topic != self.setup.partitions[r.partition.ix()].topic) {
            Some(x) => match x.keys.iter().find(|k| k.0 == key) {
                Some(&(_, (key, number))) => {
                    let to = self.setup.topics[x.topic].partitions[usize::from(number)];
                    self.forward(r, to, RecordData { key: Some(key), ..record });
                }
                None => self.drop_record(r, DroppedWhy::NoKey),
            },
            None => self.count(r, key, record, s.window),
        }
    }

    fn count(&mut self, r: Buffered, key: u16, record: RecordData, window: Option<Window>) {
        let Some(task) = self.task_mut(r.partition) else { return };
        let mut start_ms = None;
        if let Some(w) = window {
            // Stream time: the largest timestamp so far. It only advances.
            let now = task.stream_time_ms.unwrap_or(0).max(record.timestamp_ms);
            task.stream_time_ms = Some(now);
            let start = window_start(w, record.timestamp_ms);
            if closed(w, start, now) {
                return self.drop_record(r, DroppedWhy::Late);
            }
            // Nobody will count in a closed window again.
            let over = |k: &super::StoreKey| k.1.is_some_and(|s| closed(w, s, now));
            if task.store.keys().any(over) {
                Rc::make_mut(&mut task.store).retain(|k, _| !over(k));
            }
            start_ms = Some(start);
        }
        let before = task.store.get(&(key, start_ms)).copied().unwrap_or_default();
        let now = Aggregate { count: before.count + 1, timestamp_ms: before.timestamp_ms.max(record.timestamp_ms) };
        Rc::make_mut(&mut task.store).insert((key, start_ms), now);
        let (consumer, count) = (self.c.id, now.count);
        let counted =
            StreamsEvent::Counted { consumer, partition: r.partition, batch: r.batch, index: r.index, count, window_ms: start_ms };
        self.out.event(EventKind::Streams(counted));
        let made = RecordData { key: Some(key), count, window_ms: start_ms, timestamp_ms: now.timestamp_ms, ..RecordData::default() };
        if let Some(changelog) = self.changelog_of(r.partition) {
            self.forward(r, changelog, made);
        }
        if let Some(o) = self.config().output {
            let sink = self.setup.output_partition(&o, r.partition);
            self.forward(r, sink, made);
        }
    }

    fn forward(&mut self, r: Buffered, partition: PartitionId, data: RecordData) {
        let Some(o) = self.config().output else { return };
        let (producer, source) = (o.producer, (r.batch, r.index));
        self.out.call(AppCall::Send { producer, partition, source, data: RecordData { bytes: OUTPUT_BYTES, ..data } });
    }

    fn drop_record(&mut self, r: Buffered, why: DroppedWhy) {
        let (consumer, partition) = (self.c.id, r.partition);
        self.out.event(EventKind::Streams(StreamsEvent::RecordDropped { consumer, partition, batch: r.batch, index: r.index, why }));
    }
}
