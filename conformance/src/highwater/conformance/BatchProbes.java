package highwater.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Idempotence at the broker: hand-made batches of one producer id on one partition. */
final class BatchProbes {
    private BatchProbes() {
    }

    static List<Probes.Probe> all() {
        return List.of(
            batches("duplicates of the newest five batches", new int[][] {{0, 0, 1}, {0, 1, 1}, {0, 2, 1}, {0, 3, 1}, {0, 4, 1}, {0, 4, 1}, {0, 0, 1}, {0, 2, 1}}),
            batches("a duplicate of the sixth newest batch", new int[][] {{0, 0, 1}, {0, 1, 1}, {0, 2, 1}, {0, 3, 1}, {0, 4, 1}, {0, 5, 1}, {0, 0, 1}, {0, 1, 1}}),
            batches("a gap in the sequence", new int[][] {{0, 0, 2}, {0, 3, 1}, {0, 2, 1}, {0, 3, 1}}),
            batches("the first batch of an unknown producer starts at 5", new int[][] {{0, 5, 1}, {0, 4, 1}, {0, 6, 1}}),
            batches("a higher epoch must start at 0", new int[][] {{0, 0, 1}, {1, 1, 1}, {1, 0, 1}, {1, 1, 1}}),
            batches("a lower epoch is fenced", new int[][] {{3, 0, 1}, {2, 0, 1}, {2, 1, 1}, {3, 1, 1}}),
            batches("a batch that overlaps the last one", new int[][] {{0, 0, 3}, {0, 0, 2}, {0, 2, 2}, {0, 0, 3}}),
            batches("the sequence wraps around", new int[][] {{0, Integer.MAX_VALUE, 1}, {0, 0, 1}, {0, 1, 1}}),
            batches("an unknown producer with a higher epoch starts at 7", new int[][] {{4, 7, 1}, {4, 8, 1}}),
            new Probes.Probe("the producer's state survives DeleteRecords", "idempotence", 1, 1, Map.of(), on -> {
                List<Object> answers = new ArrayList<>();
                long id = Hand.producerId(on.cluster().port(1), null, 60_000).data().producerId();
                try (Wire wire = on.wire(1)) {
                    answers.add(Hand.produce(wire, on.topic(), Hand.batch(id, 0, 0, 1), -1, 5_000));
                    on.cluster().admin().deleteRecords(Map.of(on.partition(), org.apache.kafka.clients.admin.RecordsToDelete.beforeOffset(1))).all().get();
                    answers.add(Hand.produce(wire, on.topic(), Hand.batch(id, 0, 0, 1), -1, 5_000));
                    answers.add(Hand.produce(wire, on.topic(), Hand.batch(id, 0, 2, 1), -1, 5_000));
                    answers.add(Hand.produce(wire, on.topic(), Hand.batch(id, 0, 1, 1), -1, 5_000));
                }
                return Json.map("answers", answers);
            }));
    }

    /** Batches as epoch, first sequence, number of records. */
    private static Probes.Probe batches(String name, int[][] batches) {
        return new Probes.Probe(name, "idempotence", 1, 1, Map.of(), on -> {
            long id = Hand.producerId(on.cluster().port(1), null, 60_000).data().producerId();
            List<Object> steps = new ArrayList<>();
            try (Wire wire = on.wire(1)) {
                for (int[] b : batches) {
                    var answer = Hand.produce(wire, on.topic(), Hand.batch(id, b[0], b[1], b[2]), -1, 5_000);
                    Map<String, Object> step = Json.map("epoch", b[0], "sequence", b[1], "count", b[2]);
                    step.putAll(answer);
                    steps.add(step);
                }
            }
            return Json.map("batches", steps, "log_end", on.log(1).end());
        });
    }
}
