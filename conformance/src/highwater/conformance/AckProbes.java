package highwater.conformance;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ProduceResponse;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a broker answers by acks, min.insync.replicas and how many are in sync: three brokers, broker 1 leads. */
final class AckProbes {
    private AckProbes() {
    }

    static List<Probes.Probe> all() {
        List<Probes.Probe> probes = new ArrayList<>();
        for (int minIsr = 1; minIsr <= 3; minIsr++) {
            int floor = minIsr;
            probes.add(new Probes.Probe("acks by size of the ISR, min.insync.replicas=" + floor, "acks and min.insync.replicas", 1, 3,
                Map.of("min.insync.replicas", Integer.toString(floor)), AckProbes::matrix));
        }
        probes.add(new Probes.Probe("acks=all while followers hang", "acks and min.insync.replicas", 1, 3, Map.of("min.insync.replicas", "2"), AckProbes::hanging));
        probes.add(new Probes.Probe("a new connection while the old one's request waits", "acks and min.insync.replicas", 1, 3, Map.of("min.insync.replicas", "2"),
            AckProbes::reconnect));
        probes.add(new Probes.Probe("fetch errors by offset and epoch", "fetch errors", 1, 3, Map.of(), AckProbes::fetchErrors));
        return probes;
    }

    private static Object matrix(Probes.Context on) throws Exception {
        List<Object> rows = new ArrayList<>();
        for (int inSync = 3; inSync >= 1; inSync--) {
            if (inSync < 3) {
                on.cluster().kill(inSync + 1);
                int size = inSync;
                Cluster.await(20, "the ISR has " + size, () -> on.cluster().describe(1, on.topic()).partitions().get(0).isrNodes().size() == size);
            }
            for (int acks : new int[] {1, -1}) {
                try (Wire wire = on.wire(1)) {
                    long before = on.log(1).end();
                    Map<String, Object> row = Json.map("isr", inSync, "acks", acks);
                    row.putAll(Hand.produce(wire, on.topic(), Hand.plain("k"), acks, 1_500));
                    row.put("appended", on.log(1).end() - before);
                    row.put("visible", visible(on));
                    rows.add(row);
                }
            }
        }
        return Json.map("rows", rows);
    }

    /** Does the high watermark reach the end of the log within three seconds? */
    private static boolean visible(Probes.Context on) throws Exception {
        for (int i = 0; i < 15; i++) {
            if (Logs.highWatermark(on.cluster().port(1), on.topicId(), on.partition()) == on.log(1).end()) {
                return true;
            }
            Thread.sleep(200);
        }
        return false;
    }

    /** Both followers are stopped, not dead, until their sessions end: can the leader answer NOT_ENOUGH_REPLICAS_AFTER_APPEND? */
    private static Object hanging(Probes.Context on) throws Exception {
        on.cluster().signal(2, "STOP");
        on.cluster().signal(3, "STOP");
        try (Wire wire = on.wire(1)) {
            long began = System.nanoTime();
            Map<String, Object> answer = Hand.produce(wire, on.topic(), Hand.plain("k"), -1, 8_000);
            answer.put("after_ms_rounded", Math.round((System.nanoTime() - began) / 1e9) * 1000);
            answer.put("isr", Logs.state(on.cluster().describe(1, on.topic()).partitions().get(0)).get("isr"));
            answer.put("appended", on.log(1).end());
            answer.put("hw", Logs.highWatermark(on.cluster().port(1), on.topicId(), on.partition()));
            answer.put("again", Hand.produce(wire, on.topic(), Hand.plain("k"), -1, 1_000));
            return answer;
        } finally {
            on.cluster().signal(2, "CONT");
            on.cluster().signal(3, "CONT");
        }
    }

    private static Object reconnect(Probes.Context on) throws Exception {
        on.cluster().signal(2, "STOP");
        on.cluster().signal(3, "STOP");
        Wire old = on.wire(1);
        try (Wire fresh = on.wire(1)) {
            old.send(Hand.request(on.topic(), Hand.plain("old"), -1, 5_000, null));
            // On the same connection: it is read only after the answer to the first.
            old.send(Hand.request(on.topic(), Hand.plain("behind"), 1, 5_000, null));
            Thread.sleep(500);
            long began = System.nanoTime();
            Map<String, Object> answer = Hand.produce(fresh, on.topic(), Hand.plain("new"), 1, 5_000);
            answer.put("within_500_ms", System.nanoTime() - began < 500_000_000L);
            answer.put("log_then", on.log(1).records());
            old.close();
            Thread.sleep(6_000);
            answer.put("log_after_the_old_one_closed", on.log(1).records());
            return answer;
        } finally {
            old.close();
            on.cluster().signal(2, "CONT");
            on.cluster().signal(3, "CONT");
        }
    }

    private static Object fetchErrors(Probes.Context on) throws Exception {
        on.send("a", "b");
        on.cluster().kill(1);
        Cluster.await(20, "2 leads", () -> on.cluster().describe(2, on.topic()).partitions().get(0).leaderId() == 2);
        List<Object> rows = new ArrayList<>();
        TopicPartition partition = on.partition();
        var id = on.cluster().describe(2, on.topic()).topicId();
        // A broker answers from its metadata a moment before its replicas have followed.
        for (int broker : new int[] {2, 3}) {
            Cluster.await(20, "broker " + broker + " is in epoch 1",
                () -> Logs.fetch(on.cluster().port(broker), id, partition, 0, 1, false).data().responses().get(0).partitions().get(0).errorCode() == 0);
        }
        int[][] asked = {{2, 0, 1}, {2, 2, 1}, {2, 3, 1}, {2, 0, 0}, {2, 0, 2}, {3, 0, 1}, {3, 2, 1}, {3, 3, 1}};
        for (int[] a : asked) {
            var answer = Logs.fetch(on.cluster().port(a[0]), id, partition, a[1], a[2], false).data().responses().get(0).partitions().get(0);
            rows.add(Json.map("broker", a[0], "offset", a[1], "leader_epoch", a[2], "error", Errors.forCode(answer.errorCode()).name()));
        }
        ProduceResponse refused = (ProduceResponse) Wire.once(on.cluster().port(3), Hand.request(on.topic(), Hand.plain("k"), -1, 1_000, null));
        return Json.map("leader", 2, "fetches", rows, "produce_to_a_follower", Hand.outcome(refused));
    }
}
