package highwater.conformance;

import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponsePartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What lies in a replica's log, read from its files, and what its broker says. */
final class Logs {
    private Logs() {
    }

    /** Every batch in order: key@epoch for each record, {@code COMMIT}, {@code ABORT} or {@code CONTROL} for markers. */
    record Content(long start, long end, List<String> records, List<Map<String, Object>> batches) {
    }

    static Content read(Path folder) throws IOException {
        List<String> records = new ArrayList<>();
        List<Map<String, Object>> batches = new ArrayList<>();
        long start = -1;
        long end = 0;
        // A broker makes the folder a moment after it says that it has the replica.
        if (!Files.exists(folder)) {
            return new Content(0, 0, records, batches);
        }
        List<Path> segments;
        try (Stream<Path> files = Files.list(folder)) {
            segments = files.filter(f -> f.toString().endsWith(".log")).sorted().toList();
        }
        for (Path segment : segments) {
            long base = Long.parseLong(segment.getFileName().toString().replace(".log", ""));
            start = start < 0 ? base : start;
            end = Math.max(end, base);
            try (FileRecords file = FileRecords.open(segment.toFile(), false)) {
                for (RecordBatch batch : file.batches()) {
                    for (Record record : batch) {
                        String key = batch.isControlBatch() ? "CONTROL" : text(record);
                        records.add(key + "@" + batch.partitionLeaderEpoch());
                    }
                    batches.add(Json.map("base", batch.baseOffset(), "last", batch.lastOffset(), "producer_epoch", batch.producerEpoch(), "sequence", batch.baseSequence(),
                        "transactional", batch.isTransactional(), "control", batch.isControlBatch()));
                    end = batch.nextOffset();
                }
            }
        }
        return new Content(Math.max(start, 0), end, records, batches);
    }

    private static String text(Record record) {
        if (!record.hasKey()) {
            return "";
        }
        byte[] bytes = new byte[record.keySize()];
        record.key().get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** A consumer's fetch from one broker, leader or follower (KIP-392), without waiting. */
    static FetchResponse fetch(int port, Uuid topicId, TopicPartition partition, long offset, int leaderEpoch, boolean committedOnly) throws IOException {
        var data = new FetchRequest.PartitionData(topicId, offset, 0, 1 << 20, leaderEpoch < 0 ? Optional.empty() : Optional.of(leaderEpoch));
        var builder = FetchRequest.Builder.forConsumer((short) 17, 0, 0, Map.of(partition, data));
        if (committedOnly) {
            builder.isolationLevel(org.apache.kafka.common.IsolationLevel.READ_COMMITTED);
        }
        return (FetchResponse) Wire.once(port, builder.build((short) 17));
    }

    /** The high watermark that a broker knows; −1 if it does not answer for the partition. */
    static long highWatermark(int port, Uuid topicId, TopicPartition partition) throws IOException {
        var answer = fetch(port, topicId, partition, 0, -1, false).data().responses().get(0).partitions().get(0);
        return answer.errorCode() == 0 ? answer.highWatermark() : -1;
    }

    /** Leader, leader epoch, ISR, ELR and last known ELR by the controller's word. */
    static Map<String, Object> state(DescribeTopicPartitionsResponsePartition p) {
        return Json.map("leader", p.leaderId() < 0 ? null : p.leaderId(), "leader_epoch", p.leaderEpoch(), "isr", sorted(p.isrNodes()), "elr", sorted(p.eligibleLeaderReplicas()),
            "last_known_elr", sorted(p.lastKnownElr()));
    }

    private static List<Integer> sorted(List<Integer> ids) {
        return ids == null ? List.of() : ids.stream().sorted().toList();
    }
}
