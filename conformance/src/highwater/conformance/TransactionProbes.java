package highwater.conformance;

import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Transactions at feature level 2 (KIP-890), one broker. */
final class TransactionProbes {
    private TransactionProbes() {
    }

    static List<Probes.Probe> all() {
        return List.of(
            probe("commit", TransactionProbes::commit),
            probe("abort", TransactionProbes::abort),
            probe("two in a row have two epochs", TransactionProbes::epochs),
            probe("an open transaction holds back everybody's records", TransactionProbes::hanging),
            probe("the second producer of an id fences the first", TransactionProbes::fencing),
            probe("a transaction times out", TransactionProbes::timeout),
            probe("an open transaction and its restart", TransactionProbes::restart),
            probe("offsets are committed with the transaction", TransactionProbes::offsets),
            probe("hand-made: first sequence, old epoch, plain batch inside", TransactionProbes::handMade));
    }

    private static Probes.Probe probe(String name, Probes.Steps steps) {
        return new Probes.Probe(name, "transactions", 1, 1, Map.of(), steps);
    }

    private static Producer<String, byte[]> producer(Probes.Context on, int timeoutMs) {
        Producer<String, byte[]> producer = on.producer("transactional.id", "txn-" + on.topic(), "transaction.timeout.ms", timeoutMs);
        producer.initTransactions();
        return producer;
    }

    private static Map<String, Object> both(Probes.Context on) throws Exception {
        return Json.map("read_uncommitted", on.read("read_uncommitted"), "read_committed", on.read("read_committed"), "offsets", on.offsets());
    }

    private static Object commit(Probes.Context on) throws Exception {
        try (Producer<String, byte[]> producer = producer(on, 60_000)) {
            producer.beginTransaction();
            producer.send(on.record("a")).get();
            producer.send(on.record("b")).get();
            Object open = both(on);
            producer.commitTransaction();
            return Json.map("open", open, "after_commit", both(on), "log", on.log(1).records());
        }
    }

    private static Object abort(Probes.Context on) throws Exception {
        try (Producer<String, byte[]> producer = producer(on, 60_000)) {
            producer.beginTransaction();
            producer.send(on.record("a")).get();
            on.send("other");
            producer.abortTransaction();
            producer.beginTransaction();
            producer.send(on.record("b")).get();
            producer.commitTransaction();
            return both(on);
        }
    }

    private static Object epochs(Probes.Context on) throws Exception {
        try (Producer<String, byte[]> producer = producer(on, 60_000)) {
            for (String key : List.of("a", "b")) {
                producer.beginTransaction();
                producer.send(on.record(key)).get();
                producer.commitTransaction();
            }
            producer.beginTransaction();
            producer.send(on.record("c")).get();
            producer.abortTransaction();
        }
        settle(on);
        return Json.map("batches", on.log(1).batches());
    }

    private static Object hanging(Probes.Context on) throws Exception {
        try (Producer<String, byte[]> producer = producer(on, 60_000)) {
            on.send("before");
            producer.beginTransaction();
            producer.send(on.record("open")).get();
            on.send("after");
            Object open = both(on);
            producer.commitTransaction();
            return Json.map("open", open, "after_commit", both(on));
        }
    }

    private static Object fencing(Probes.Context on) throws Exception {
        try (Producer<String, byte[]> first = producer(on, 60_000)) {
            first.beginTransaction();
            first.send(on.record("first")).get();
            try (Producer<String, byte[]> second = producer(on, 60_000)) {
                String send = Probes.Context.outcome(() -> first.send(on.record("zombie")).get());
                String commit = Probes.Context.outcome(() -> {
                    first.commitTransaction();
                    return null;
                });
                second.beginTransaction();
                second.send(on.record("second")).get();
                second.commitTransaction();
                return Json.map("zombie_send", send, "zombie_commit", commit, "seen", both(on));
            }
        }
    }

    private static Object timeout(Probes.Context on) throws Exception {
        try (Producer<String, byte[]> producer = producer(on, 1_500)) {
            producer.beginTransaction();
            producer.send(on.record("late")).get();
            Object open = on.offsets();
            Thread.sleep(4_000);
            Object expired = on.offsets();
            String commit = Probes.Context.outcome(() -> {
                producer.commitTransaction();
                return null;
            });
            return Json.map("open", open, "after_the_timeout", expired, "commit", commit, "seen", both(on));
        }
    }

    private static Object restart(Probes.Context on) throws Exception {
        try (Producer<String, byte[]> first = producer(on, 60_000)) {
            first.beginTransaction();
            first.send(on.record("lost")).get();
            try (Producer<String, byte[]> again = producer(on, 60_000)) {
                // Its initTransactions has ended the open transaction.
                return Json.map("seen", both(on), "batches", on.log(1).batches());
            }
        }
    }

    private static Object offsets(Probes.Context on) throws Exception {
        on.send("in-0", "in-1");
        List<Object> committed = new ArrayList<>();
        try (Producer<String, byte[]> producer = producer(on, 60_000);
            Consumer<String, byte[]> consumer = on.consumer("group.id", "g-" + on.topic(), "enable.auto.commit", "false", "isolation.level", "read_committed")) {
            consumer.assign(List.of(on.partition()));
            for (boolean commit : new boolean[] {false, true}) {
                producer.beginTransaction();
                producer.sendOffsetsToTransaction(Map.of(on.partition(), new OffsetAndMetadata(commit ? 2 : 1)), consumer.groupMetadata());
                if (commit) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
                var found = consumer.committed(java.util.Set.of(on.partition()), Duration.ofSeconds(10)).get(on.partition());
                committed.add(Json.map("committed_transaction", commit, "offset", found == null ? null : found.offset()));
            }
        }
        return committed;
    }

    private static Object handMade(Probes.Context on) throws Exception {
        String id = "hand-" + on.topic();
        producer(on, 60_000).close(); // the first one of a cluster makes __transaction_state
        Hand.producerId(on.cluster().port(1), id, 60_000);
        // The second time, so that there is an older epoch.
        var given = Hand.producerId(on.cluster().port(1), id, 60_000).data();
        List<Object> answers = new ArrayList<>();
        try (Wire wire = on.wire(1)) {
            for (int[] step : new int[][] {{0, 5, 1}, {0, 0, 1}, {0, 0, 0}, {-1, 1, 1}, {0, 1, 1}}) {
                int epoch = given.producerEpoch() + step[0];
                var records = step[2] == 1 ? Hand.transactional(given.producerId(), epoch, step[1], 1) : Hand.batch(given.producerId(), epoch, 1, 1);
                var request = Hand.request(on.topic(), records, -1, 5_000, step[2] == 1 ? id : null);
                Map<String, Object> row = Json.map("epoch", step[0], "sequence", step[2] == 1 ? step[1] : 1, "transactional", step[2] == 1);
                row.putAll(Hand.outcome((org.apache.kafka.common.requests.ProduceResponse) wire.call(request)));
                answers.add(row);
            }
        }
        return Json.map("answers", answers, "lso", on.offsets());
    }

    /** Markers follow the answer to the client. */
    private static void settle(Probes.Context on) throws Exception {
        Thread.sleep(1_000);
    }
}
