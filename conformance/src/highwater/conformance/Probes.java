package highwater.conformance;

import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.CloseOptions; // not in 3.9
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** Things that no scenario of Highwater says (yet): each is a few steps against a cluster of its own kind, and what came of them. */
final class Probes {
    /** Steps against a cluster; {@code topic} is made for them. */
    interface Steps {
        Object run(Context on) throws Exception;
    }

    /** A probe: the topic's partitions, replicas and configs, and the steps. */
    record Probe(String name, String family, int partitions, int replicas, Map<String, String> topicConfigs, Steps steps) {
        private boolean into(List<Map<String, Object>> cases, Cluster cluster, String topic) throws InterruptedException {
            try {
                cluster.repair();
                cluster.createTopic(topic, partitions, replicas, topicConfigs);
                Context on = new Context(cluster, topic);
                Cluster.await(20, topic + " is led", () -> on.led(partitions));
                Object seen = steps.run(on);
                cases.add(Json.map("name", name, "family", family, "brokers", cluster.brokers().size(), "seen", seen));
                return true;
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                System.err.println(name + ": " + e);
                return false;
            }
        }
    }

    /** What steps need. */
    record Context(Cluster cluster, String topic) {
        TopicPartition partition() {
            return new TopicPartition(topic, 0);
        }

        /** On a busy machine a broker hears late of what it leads; clients try again, hand-made requests do not. */
        private boolean led(int partitions) throws Exception {
            Map<TopicPartition, OffsetSpec> all = new HashMap<>();
            for (int i = 0; i < partitions; i++) {
                all.put(new TopicPartition(topic, i), OffsetSpec.latest());
            }
            cluster.admin().listOffsets(all).all().get();
            return true;
        }

        Uuid topicId() throws Exception {
            return cluster.describe(1, topic).topicId();
        }

        Wire wire(int broker) throws Exception {
            return new Wire(cluster.port(broker));
        }

        Producer<String, byte[]> producer(Object... configs) {
            Map<String, Object> all = new HashMap<>(Json.map(configs));
            all.put("bootstrap.servers", cluster.bootstrap());
            all.putIfAbsent("linger.ms", 0);
            return new KafkaProducer<>(all, new StringSerializer(), new ByteArraySerializer());
        }

        Consumer<String, byte[]> consumer(Object... configs) {
            Map<String, Object> all = new HashMap<>(Json.map(configs));
            all.put("bootstrap.servers", cluster.bootstrap());
            return new KafkaConsumer<>(all, new StringDeserializer(), new ByteArrayDeserializer());
        }

        /** Sends keys one after the other; the last offset. */
        long send(String... keys) throws Exception {
            long offset = -1;
            try (Producer<String, byte[]> producer = producer()) {
                for (String key : keys) {
                    offset = producer.send(record(key)).get().offset();
                }
            }
            return offset;
        }

        ProducerRecord<String, byte[]> record(String key) {
            return new ProducerRecord<>(topic, 0, key, new byte[10]);
        }

        /** Everything that this isolation level delivers from the start, as key@offset, within a second of silence. */
        List<String> read(String isolation) throws Exception {
            try (Consumer<String, byte[]> consumer = consumer("isolation.level", isolation, "auto.offset.reset", "earliest", "enable.auto.commit", "false")) {
                consumer.assign(List.of(partition()));
                consumer.seekToBeginning(List.of(partition()));
                return drain(consumer);
            }
        }

        static List<String> drain(Consumer<String, byte[]> consumer) {
            List<String> seen = new ArrayList<>();
            long quiet = System.nanoTime();
            while (System.nanoTime() - quiet < TimeUnit.MILLISECONDS.toNanos(1_500)) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    seen.add(record.key() + "@" + record.offset());
                    quiet = System.nanoTime();
                }
            }
            return seen;
        }

        /** Offsets as the leader gives them: high watermark, last stable offset, log start. */
        Map<String, Object> offsets() throws Exception {
            long start = cluster.admin().listOffsets(Map.of(partition(), OffsetSpec.earliest())).partitionResult(partition()).get().offset();
            var answer = Logs.fetch(cluster.port(1), topicId(), partition(), start, -1, true).data().responses().get(0).partitions().get(0);
            return Json.map("hw", answer.highWatermark(), "lso", answer.lastStableOffset(), "log_start", answer.logStartOffset());
        }

        Logs.Content log(int broker) throws Exception {
            return Logs.read(cluster.data(broker).resolve(topic + "-0"));
        }

        /** "ok", or the name of what it threw. */
        static String outcome(java.util.concurrent.Callable<?> call) {
            try {
                call.call();
                return "ok";
            } catch (ExecutionException e) {
                return Player.name(e.getCause());
            } catch (Exception e) {
                return Player.name(e);
            }
        }

        static void close(Consumer<?, ?> consumer) {
            consumer.close(CloseOptions.timeout(Duration.ofSeconds(5)));
        }
    }

    /** So that nobody waits for long. */
    private static final Map<String, String> QUICK = Map.of("transaction.abort.timed.out.transaction.cleanup.interval.ms", "500", "log.retention.check.interval.ms", "1000",
        "log.cleaner.backoff.ms", "500", "log.initial.task.delay.ms", "500", "group.consumer.heartbeat.interval.ms", "1000",
        "group.consumer.min.heartbeat.interval.ms", "500", "log.segment.delete.delay.ms", "500");

    private Probes() {
    }

    /** Of a release before 4.0: transactions, which were different, and what should have been the same. Hand-made requests are of newer versions. */
    static void older(Path to, Path work, Map<String, Object> head) throws Exception {
        List<Probe> all = new ArrayList<>(TransactionProbes.all());
        all.addAll(GroupProbes.all());
        all.addAll(StorageProbes.all());
        all.removeIf(p -> !List.of("transactions", "groups", "retention", "compaction").contains(p.family) || p.name.startsWith("hand-made")
            || p.name.endsWith("consumer") || p.name.equals("what a commit is answered"));
        List<Map<String, Object>> cases = new ArrayList<>();
        List<String> failed = new ArrayList<>();
        on(1, QUICK, all, work, List.of(), cases, failed);
        if (!failed.isEmpty()) {
            throw new IllegalStateException("could not be recorded: " + failed);
        }
        Json.write(to, head, Map.of("cases", cases));
    }

    static void record(Path to, Path work, List<String> only, Map<String, Object> head) throws Exception {
        List<Map<String, Object>> cases = new ArrayList<>();
        List<String> failed = new ArrayList<>();
        List<Probe> alone = new ArrayList<>();
        alone.addAll(BatchProbes.all());
        alone.addAll(TransactionProbes.all());
        alone.addAll(GroupProbes.all());
        alone.addAll(StorageProbes.all());
        alone.addAll(ShareProbes.all()); // not in 3.9
        on(1, QUICK, alone, work, only, cases, failed);
        Map<String, String> lag = new HashMap<>(Map.of("broker.session.timeout.ms", "3000", "broker.heartbeat.interval.ms", "500", "replica.lag.time.max.ms", "60000"));
        on(3, lag, AckProbes.all(), work, only, cases, failed);
        if (!failed.isEmpty()) {
            throw new IllegalStateException("could not be recorded: " + failed);
        }
        if (only.isEmpty()) {
            Json.write(to, head, Map.of("cases", cases));
        } else {
            cases.forEach(one -> System.out.println(Json.text(one)));
        }
    }

    private static void on(int brokers, Map<String, String> configs, List<Probe> probes, Path work, List<String> only, List<Map<String, Object>> cases,
        List<String> failed) throws Exception {
        List<Probe> chosen = probes.stream().filter(probe -> only.isEmpty() || only.contains(probe.name)).toList();
        if (chosen.isEmpty()) {
            return;
        }
        Cluster cluster = new Cluster(work, brokers, Map.of(), configs);
        try {
            int number = 0;
            for (Probe probe : chosen) {
                System.err.println("probing " + probe.name);
                // Once more if the machine was too busy for a wait to end.
                for (int attempt = 1; !probe.into(cases, cluster, "t" + ++number); attempt++) {
                    if (attempt == 2) {
                        failed.add(probe.name);
                        break;
                    }
                }
            }
        } finally {
            cluster.close();
        }
    }
}
