package highwater.conformance;

import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

import org.apache.kafka.common.config.ConfigResource;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Retention, compaction, timestamps, sizes, and where a reader without a position starts. */
final class StorageProbes {
    private static final int MIB = 1 << 20;

    private StorageProbes() {
    }

    static List<Probes.Probe> all() {
        return List.of(
            probe("retention.bytes deletes whole segments", "retention", Map.of("segment.bytes", "" + MIB, "retention.bytes", "" + 2 * MIB), StorageProbes::retention),
            probe("retention.ms goes by the segment's newest timestamp", "retention", Map.of("segment.bytes", "" + MIB, "retention.ms", "-1"), StorageProbes::byTime),
            probe("DeleteRecords moves the log start", "retention", Map.of(), StorageProbes::deleteRecords),
            probe("compaction keeps the last value of a key, never in the active segment", "compaction", compact("0"), StorageProbes::compaction),
            probe("a tombstone goes in a later pass", "compaction", compact("2000"), StorageProbes::tombstone),
            probe("a compacted topic wants keys", "compaction", compact("0"), on -> Json.map("send", send(on, null, null, 10))),
            probe("timestamps ahead by more than an hour", "timestamps", Map.of(), on -> {
                long now = System.currentTimeMillis();
                return Json.map("half_an_hour_ahead", send(on, "a", now + 1_800_000, 10), "two_hours_ahead", send(on, "b", now + 7_200_000, 10), "a_year_ago", send(on, "c", now - 31_536_000_000L, 10));
            }),
            probe("max.message.bytes", "sizes", Map.of("max.message.bytes", "2000"), on -> Json.map("of_1000", send(on, "a", null, 1_000), "of_3000", send(on, "b", null, 3_000))),
            probe("auto.offset.reset without a commit", "offset reset", Map.of(), StorageProbes::reset),
            probe("auto.offset.reset out of range", "offset reset", Map.of(), StorageProbes::outOfRange),
            probe("a commit may go backwards", "commits", Map.of(), StorageProbes::backwards));
    }

    private static Map<String, String> compact(String deleteRetentionMs) {
        return Map.of("cleanup.policy", "compact", "segment.bytes", "" + MIB, "min.cleanable.dirty.ratio", "0.001", "delete.retention.ms", deleteRetentionMs);
    }

    private static Probes.Probe probe(String name, String family, Map<String, String> configs, Probes.Steps steps) {
        return new Probes.Probe(name, family, 1, 1, configs, steps);
    }

    private static String send(Probes.Context on, String key, Long timestamp, int bytes) {
        return Probes.Context.outcome(() -> {
            try (Producer<String, byte[]> producer = on.producer("delivery.timeout.ms", 10_000, "request.timeout.ms", 5_000)) {
                return producer.send(new ProducerRecord<>(on.topic(), 0, timestamp, key, new byte[bytes])).get();
            }
        });
    }

    /** Records of a little under half a segment: two fit, the third opens a new one. */
    private static void fill(Probes.Context on, Long timestamp, String... keys) throws Exception {
        try (Producer<String, byte[]> producer = on.producer("max.request.size", 2 * MIB)) {
            for (String key : keys) {
                producer.send(new ProducerRecord<>(on.topic(), 0, timestamp, key, new byte[500_000])).get();
            }
        }
    }

    private static Object retention(Probes.Context on) throws Exception {
        fill(on, null, "0", "1", "2", "3", "4", "5", "6", "7", "8");
        // 9 records, 2 a segment: sizes 1.0, 1.0, 1.0, 1.0, 0.5 MB; what is left when the oldest goes must be 2 MiB or more.
        Thread.sleep(4_000);
        return Json.map("offsets", on.offsets(), "first_record", on.read("read_uncommitted").get(0));
    }

    private static Object byTime(Probes.Context on) throws Exception {
        long now = System.currentTimeMillis();
        fill(on, now - 60_000, "0", "1");
        fill(on, now - 60_000, "2");
        fill(on, now + 600_000, "3");
        fill(on, now - 60_000, "4", "5", "6");
        // Only now, so that no check runs in between.
        var config = new ConfigResource(ConfigResource.Type.TOPIC, on.topic());
        var op = new AlterConfigOp(new ConfigEntry("retention.ms", "3000"), AlterConfigOp.OpType.SET);
        on.cluster().admin().incrementalAlterConfigs(Map.of(config, List.of(op))).all().get();
        Thread.sleep(5_000);
        // The segment of 2 and 3 is pinned by 3, and pins all after it.
        return Json.map("offsets", on.offsets(), "left", on.read("read_uncommitted"));
    }

    private static Object deleteRecords(Probes.Context on) throws Exception {
        on.send("0", "1", "2", "3");
        long low = on.cluster().admin().deleteRecords(Map.of(on.partition(), RecordsToDelete.beforeOffset(2))).lowWatermarks().get(on.partition()).get().lowWatermark();
        String beyond = Probes.Context.outcome(() -> on.cluster().admin().deleteRecords(Map.of(on.partition(), RecordsToDelete.beforeOffset(9))).all().get());
        return Json.map("low_watermark", low, "beyond_the_end", beyond, "offsets", on.offsets(), "left", on.read("read_uncommitted"));
    }

    private static Object compaction(Probes.Context on) throws Exception {
        on.send("a", "b", "a", "c", "a");
        fill(on, null, "x", "x", "x");
        on.send("a", "b", "a");
        Thread.sleep(6_000);
        return Json.map("left", on.read("read_uncommitted"), "offsets", on.offsets());
    }

    private static Object tombstone(Probes.Context on) throws Exception {
        on.send("a", "b");
        try (Producer<String, byte[]> producer = on.producer()) {
            producer.send(new ProducerRecord<>(on.topic(), 0, "a", null)).get();
        }
        fill(on, null, "x", "y", "x");
        Cluster.await(20, "the first pass is done", () -> !on.read("read_uncommitted").contains("a@0"));
        List<String> first = on.read("read_uncommitted");
        // Another pass needs something dirty again.
        Thread.sleep(3_000);
        fill(on, null, "y", "x", "y");
        Cluster.await(20, "the second pass is done", () -> !on.read("read_uncommitted").contains("a@2"));
        return Json.map("after_the_first_pass", first, "after_the_second", on.read("read_uncommitted"));
    }

    private static Object reset(Probes.Context on) throws Exception {
        on.send("0", "1", "2");
        on.cluster().admin().deleteRecords(Map.of(on.partition(), RecordsToDelete.beforeOffset(1))).all().get();
        List<Object> rows = new ArrayList<>();
        for (String policy : List.of("earliest", "latest", "none", "by_duration:PT1H")) {
            rows.add(position(on, policy, null));
        }
        return rows;
    }

    private static Object outOfRange(Probes.Context on) throws Exception {
        on.send("0", "1", "2", "3");
        on.cluster().admin().deleteRecords(Map.of(on.partition(), RecordsToDelete.beforeOffset(2))).all().get();
        List<Object> rows = new ArrayList<>();
        for (String policy : List.of("earliest", "latest", "none")) {
            for (long commit : new long[] {0, 2, 4, 9}) {
                rows.add(position(on, policy, commit));
            }
        }
        return rows;
    }

    private static Map<String, Object> position(Probes.Context on, String policy, Long commit) {
        Map<String, Object> row = Json.map("auto.offset.reset", policy, "committed", commit);
        try (Consumer<String, byte[]> consumer = on.consumer("group.id", "g-" + on.topic() + policy.substring(0, 2) + commit, "auto.offset.reset", policy, "enable.auto.commit", "false")) {
            consumer.assign(List.of(on.partition()));
            if (commit != null) {
                consumer.commitSync(Map.of(on.partition(), new OffsetAndMetadata(commit)));
            }
            row.put("result", Probes.Context.outcome(() -> {
                row.put("delivered", Probes.Context.drain(consumer));
                row.put("position", consumer.position(on.partition(), Duration.ofSeconds(5)));
                return null;
            }));
        }
        return row;
    }

    private static Object backwards(Probes.Context on) throws Exception {
        on.send("0", "1", "2");
        List<Object> rows = new ArrayList<>();
        for (long offset : new long[] {3, 1}) {
            try (Consumer<String, byte[]> consumer = on.consumer("group.id", "g-" + on.topic(), "enable.auto.commit", "false")) {
                consumer.assign(List.of(on.partition()));
                consumer.commitSync(Map.of(on.partition(), new OffsetAndMetadata(offset)));
                rows.add(consumer.committed(java.util.Set.of(on.partition())).get(on.partition()).offset());
            }
        }
        return Json.map("committed", rows);
    }
}
