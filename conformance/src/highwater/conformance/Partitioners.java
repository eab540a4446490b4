package highwater.conformance;

import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.clients.producer.internals.StickyProbe;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.utils.Utils;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which partition a record goes to, and which partition coordinates an id: Kafka's own functions, called. */
final class Partitioners {
    private static final List<String> KEYS = List.of("", "21", "a", "b", "c", "ab", "abc", "abcd", "abcde", "foobar", "key", "hello", "user-1", "user-2", "user-42",
        "a-little-bit-long-string", "a-little-bit-longer-string", "\u00e9", "\ud55c\uad6d\uc5b4", "\ud83d\ude00");
    private static final List<String> IDS = List.of("my-group", "test-group", "orders", "highwater", "txn-1", "", "a", "\ud55c\uad6d\uc5b4", "\ud83d\ude00",
        // The hash is the smallest int, whose absolute value Kafka takes to be 0.
        "polygenelubricants");

    private Partitioners() {
    }

    static List<Map<String, Object>> cases() {
        return List.of(
            Json.map("name", "murmur2 of keys", "family", "partitioner", "vectors", murmur2()),
            Json.map("name", "coordinator partitions", "family", "coordinator", "vectors", coordinators()),
            Json.map("name", "sticky: when it switches", "family", "partitioner", "batch.size", 100, "steps", switching()),
            Json.map("name", "sticky: adaptive weights", "family", "partitioner", "choices", adaptive()),
            Json.map("name", "sticky: a partition without a leader", "family", "partitioner", "choices", withoutLeader()));
    }

    private static List<Object> murmur2() {
        List<Object> vectors = new ArrayList<>();
        for (String key : KEYS) {
            byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
            vectors.add(Json.map("key", key, "murmur2", Utils.murmur2(bytes), "of3", BuiltInPartitioner.partitionForKey(bytes, 3),
                "of6", BuiltInPartitioner.partitionForKey(bytes, 6), "of50", BuiltInPartitioner.partitionForKey(bytes, 50)));
        }
        return vectors;
    }

    private static List<Object> coordinators() {
        List<Object> vectors = new ArrayList<>();
        for (String id : IDS) {
            // What GroupCoordinatorService.partitionFor and TransactionStateManager.partitionFor compute.
            vectors.add(Json.map("id", id, "of50", Utils.abs(id.hashCode()) % 50, "of3", Utils.abs(id.hashCode()) % 3));
        }
        return vectors;
    }

    /** Records of 40 bytes against a batch of 100; the draws alternate, so that each switch shows. */
    private static List<Object> switching() {
        List<Object> steps = new ArrayList<>();
        for (boolean maySwitch : new boolean[] {true, false}) {
            StickyProbe sticky = new StickyProbe(cluster(3, Set.of()), 100);
            List<Integer> partitions = new ArrayList<>();
            sticky.draw(0);
            sticky.current();
            for (int record = 0; record < 12; record++) {
                partitions.add(sticky.current());
                sticky.draw(sticky.current() + 1);
                sticky.appended(40, maySwitch);
            }
            steps.add(Json.map("may_switch", maySwitch, "record_bytes", 40, "partitions", partitions));
        }
        return steps;
    }

    private static List<Object> adaptive() {
        List<Object> choices = new ArrayList<>();
        for (int[] queues : new int[][] {{0, 3, 1}, {2, 2, 2}, {5, 0, 0}, {0, 1}}) {
            StickyProbe sticky = new StickyProbe(cluster(queues.length, Set.of()), 100);
            int[] numbers = new int[queues.length];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = i;
            }
            sticky.updatePartitionLoadStats(queues.clone(), numbers, queues.length);
            List<Integer> chosen = new ArrayList<>();
            for (int random = 0; random < 16; random++) {
                chosen.add(draw(sticky, random));
            }
            choices.add(Json.map("queues", queues, "by_random", chosen));
        }
        return choices;
    }

    private static List<Object> withoutLeader() {
        List<Object> choices = new ArrayList<>();
        for (Set<Integer> down : List.of(Set.<Integer>of(), Set.of(1), Set.of(0, 1, 2))) {
            List<Integer> chosen = new ArrayList<>();
            for (int random = 0; random < 6; random++) {
                chosen.add(draw(new StickyProbe(cluster(3, down), 100), random));
            }
            choices.add(Json.map("partitions", 3, "without_leader", down.stream().sorted().toList(), "by_random", chosen));
        }
        return choices;
    }

    /** Makes the partitioner choose anew: twice the batch size is appended. */
    private static int draw(StickyProbe sticky, int random) {
        sticky.draw(random);
        sticky.current();
        sticky.appended(200, true);
        return sticky.current();
    }

    private static Cluster cluster(int partitions, Set<Integer> withoutLeader) {
        Node node = new Node(1, "localhost", 9092);
        Node[] replicas = {node};
        List<PartitionInfo> infos = new ArrayList<>();
        for (int p = 0; p < partitions; p++) {
            infos.add(new PartitionInfo("t", p, withoutLeader.contains(p) ? null : node, replicas, replicas));
        }
        return new Cluster("c", List.of(node), infos, Set.of(), Set.of());
    }
}
