package highwater.conformance;

import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Share groups (KIP-932). */
final class ShareProbes {
    private ShareProbes() {
    }

    static List<Probes.Probe> all() {
        return List.of(
            probe("a released record comes five times, then never again", on -> deliveries(on, AcknowledgeType.RELEASE)),
            probe("a rejected record comes once", on -> deliveries(on, AcknowledgeType.REJECT)),
            probe("an accepted record comes once", on -> deliveries(on, AcknowledgeType.ACCEPT)),
            probe("a share group starts at the end", ShareProbes::latest),
            probe("a member that closes gives its records back", ShareProbes::closes),
            probe("two members share one partition", ShareProbes::two));
    }

    private static Probes.Probe probe(String name, Probes.Steps steps) {
        return new Probes.Probe(name, "share groups", 1, 1, Map.of(), steps);
    }

    private static KafkaShareConsumer<String, byte[]> member(Probes.Context on, String mode, boolean earliest) throws Exception {
        String group = "s-" + on.topic();
        if (earliest) {
            var config = new ConfigResource(ConfigResource.Type.GROUP, group);
            var op = new AlterConfigOp(new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET);
            on.cluster().admin().incrementalAlterConfigs(Map.of(config, List.of(op))).all().get();
        }
        var consumer = new KafkaShareConsumer<>(Map.of("bootstrap.servers", on.cluster().bootstrap(), "group.id", group, "share.acknowledgement.mode", mode),
            new StringDeserializer(), new ByteArrayDeserializer());
        consumer.subscribe(List.of(on.topic()));
        return consumer;
    }

    private static Object deliveries(Probes.Context on, AcknowledgeType type) throws Exception {
        on.send("poison", "good");
        List<String> seen = new ArrayList<>();
        try (var consumer = member(on, "explicit", true)) {
            long end = System.nanoTime() + 12_000_000_000L;
            while (System.nanoTime() < end) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(300))) {
                    seen.add(record.key() + " delivery " + record.deliveryCount().orElse((short) -1));
                    consumer.acknowledge(record, record.key().equals("poison") ? type : AcknowledgeType.ACCEPT);
                }
                consumer.commitSync(Duration.ofSeconds(5));
            }
        }
        return Json.map("acknowledged_with", type.name(), "delivered", seen);
    }

    private static Object latest(Probes.Context on) throws Exception {
        on.send("before");
        List<String> seen = new ArrayList<>();
        try (var consumer = member(on, "implicit", false)) {
            drain(consumer, seen, 6);
            on.send("after");
            drain(consumer, seen, 4);
        }
        return Json.map("delivered", seen);
    }

    private static Object closes(Probes.Context on) throws Exception {
        on.send("a", "b");
        List<String> first = new ArrayList<>();
        var leaver = member(on, "explicit", true);
        long end = System.nanoTime() + 10_000_000_000L;
        while (first.size() < 2 && System.nanoTime() < end) {
            for (ConsumerRecord<String, byte[]> record : leaver.poll(Duration.ofMillis(300))) {
                first.add(record.key() + " delivery " + record.deliveryCount().orElse((short) -1));
            }
        }
        leaver.close();
        List<String> second = new ArrayList<>();
        try (var consumer = member(on, "implicit", true)) {
            drain(consumer, second, 6);
        }
        return Json.map("first", first, "second", second);
    }

    private static Object two(Probes.Context on) throws Exception {
        List<String> a = new ArrayList<>();
        List<String> b = new ArrayList<>();
        try (var first = member(on, "implicit", true); var second = member(on, "implicit", true)) {
            drain(first, a, 3);
            drain(second, b, 3);
            String[] keys = new String[20];
            for (int round = 0; round < 4; round++) {
                for (int i = 0; i < 5; i++) {
                    keys[round * 5 + i] = "k" + (round * 5 + i);
                    on.send(keys[round * 5 + i]);
                }
                drain(round % 2 == 0 ? first : second, round % 2 == 0 ? a : b, 2);
                drain(round % 2 == 0 ? second : first, round % 2 == 0 ? b : a, 1);
            }
        }
        List<String> all = new ArrayList<>(a);
        all.addAll(b);
        return Json.map("both_got_some", !a.isEmpty() && !b.isEmpty(), "delivered", all.stream().map(s -> s.split(" ")[0]).distinct().count(), "times", all.size());
    }

    private static void drain(KafkaShareConsumer<String, byte[]> consumer, List<String> seen, int seconds) {
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        while (System.nanoTime() < end) {
            for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                seen.add(record.key() + " delivery " + record.deliveryCount().orElse((short) -1));
            }
        }
    }
}
