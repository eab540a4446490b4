package highwater.conformance;

import com.fasterxml.jackson.databind.JsonNode;

import org.apache.kafka.clients.consumer.CloseOptions; // not in 3.9
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Plays one of Highwater's scenarios against the real cluster, in real time, and notes what can be seen: just before each group of commands
 * and at the end, the state of every partition; all the time, each change of leader, ISR and ELR; and what became of each record.
 */
final class Player {
    /** Commands closer together than this are one group. */
    private static final long GROUP_US = 1_000_000;
    private static final int POLL_MS = 50;

    private final Cluster cluster;
    private final JsonNode scenario;
    private volatile long begin = System.nanoTime();
    private final Map<String, Outlet> producers = new LinkedHashMap<>();
    private final List<Reader> readers = new ArrayList<>();
    private final List<Map<String, Object>> sends = new CopyOnWriteArrayList<>();
    private final List<Map<String, Object>> changes = new CopyOnWriteArrayList<>();
    private volatile boolean over;

    /** A producer and the thread that calls its {@code send()}, which may block. */
    private record Outlet(KafkaProducer<String, byte[]> producer, ExecutorService thread) {
    }

    private Player(Cluster cluster, JsonNode scenario) {
        this.cluster = cluster;
        this.scenario = scenario;
    }

    /** Plays it on a whole cluster, and leaves the topics behind to be deleted. */
    static Map<String, List<?>> play(Cluster cluster, JsonNode scenario) throws Exception {
        for (JsonNode topic : scenario.at("/topology/topics")) {
            cluster.createTopic(topic.get("name").asText(), topic.get("partitions").asInt(), topic.get("replication.factor").asInt(), strings(topic.get("configs")));
        }
        // Every ISR member has fetched, and client metadata is fresh.
        Thread.sleep(1_000);
        return new Player(cluster, scenario).run();
    }

    private Map<String, List<?>> run() throws Exception {
        List<Map<String, Object>> looks = new ArrayList<>();
        for (JsonNode spec : scenario.at("/topology/producers")) {
            producers.put(spec.get("name").asText(), producer(spec));
        }
        int number = 0;
        for (JsonNode app : scenario.path("apps")) {
            readers.add(new Reader("c" + ++number, app));
        }
        readers.forEach(Reader::start);
        // As in the simulation, whose groups have formed before the scene begins.
        Cluster.await(40, "every reader has its partitions", () -> readers.stream().allMatch(reader -> reader.assigned));
        begin = System.nanoTime();
        Thread watcher = new Thread(this::watch, "watcher");
        watcher.setDaemon(true);
        watcher.start();
        long last = -GROUP_US;
        for (JsonNode command : steps()) {
            long at = command.get("at_us").asLong();
            if (at - last >= GROUP_US) {
                waitUntil(at - 200_000);
                looks.add(look(at - 200_000));
            }
            waitUntil(at);
            carryOut(command);
            last = at;
        }
        long until = scenario.get("until_us").asLong();
        waitUntil(until);
        looks.add(look(until));
        over = true;
        watcher.join();
        // First, so that no last commit or retry changes anything any more.
        for (Reader reader : readers) {
            reader.abandon();
            reader.join();
        }
        for (Outlet outlet : producers.values()) {
            outlet.producer.close(Duration.ZERO);
            outlet.thread.shutdownNow();
        }
        List<Object> delivered = new ArrayList<>();
        readers.forEach(reader -> delivered.add(Json.map("consumer", reader.name, "effects", reader.effects)));
        Map<String, List<?>> seen = new LinkedHashMap<>();
        seen.put("looks", looks);
        seen.put("changes", changes);
        seen.put("sends", sends);
        seen.put("delivered", delivered);
        return seen;
    }

    /** The timed commands and the workload's sends, in the order of their times. */
    private List<JsonNode> steps() {
        List<JsonNode> steps = new ArrayList<>();
        scenario.path("commands").forEach(steps::add);
        for (JsonNode work : scenario.path("workload")) {
            for (int i = 0; i < work.get("count").asInt(); i++) {
                var send = com.fasterxml.jackson.databind.node.JsonNodeFactory.instance.objectNode();
                send.put("at_us", work.get("start_us").asLong() + i * work.get("every_us").asLong()).put("do", "send").put("producer", work.get("producer").asText())
                    .put("topic", work.get("topic").asText());
                if (work.path("keys").size() > 0) {
                    send.put("key", work.get("keys").get(i % work.get("keys").size()).asText());
                }
                steps.add(send);
            }
        }
        steps.sort(java.util.Comparator.comparingLong(step -> step.get("at_us").asLong()));
        return steps;
    }

    private void carryOut(JsonNode command) throws Exception {
        int broker = command.path("broker").asInt();
        switch (command.get("do").asText()) {
            case "send" -> send(command);
            case "crash" -> cluster.kill(broker);
            case "stop" -> cluster.stop(broker);
            case "start" -> {
                cluster.awaitExit(broker);
                cluster.start(broker);
            }
            case "cut_link" -> cluster.links.cut(end(command.get("from")), end(command.get("to")));
            case "heal_link" -> cluster.links.heal(end(command.get("from")), end(command.get("to")));
            case "drop_next_response" -> {
                boolean consumer = command.get("client").has("consumer");
                cluster.links.dropNext(Integer.toString(broker), end(command.get("client")), consumer ? ApiKeys.FETCH : ApiKeys.PRODUCE);
            }
            case "crash_consumer" -> readers.get(command.get("consumer").asInt()).abandon();
            case "start_consumer" -> {
                int index = command.get("consumer").asInt();
                readers.get(index).join();
                readers.get(index).links(cluster.links::heal);
                Reader again = new Reader(readers.get(index));
                readers.set(index, again);
                again.start();
            }
            default -> throw new IllegalArgumentException("a recorder can't do " + command.get("do").asText());
        }
    }

    private String end(JsonNode end) {
        if (end.isTextual()) {
            return Integer.toString(Cluster.CONTROLLER);
        }
        if (end.has("broker")) {
            return end.get("broker").asText();
        }
        return end.has("producer") ? List.copyOf(producers.keySet()).get(end.get("producer").asInt()) : readers.get(end.get("consumer").asInt()).name;
    }

    private Outlet producer(JsonNode spec) throws Exception {
        Map<String, Object> configs = new HashMap<>(strings(spec.get("configs")));
        configs.put("bootstrap.servers", cluster.bootstrap());
        configs.put("client.id", spec.get("name").asText());
        Outlet outlet = new Outlet(new KafkaProducer<>(configs, new StringSerializer(), new ByteArraySerializer()), Executors.newSingleThreadExecutor(work -> {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            return thread;
        }));
        for (JsonNode topic : scenario.at("/topology/topics")) {
            outlet.producer.partitionsFor(topic.get("name").asText());
        }
        return outlet;
    }

    private void send(JsonNode command) {
        Outlet outlet = producers.get(command.get("producer").asText());
        String key = command.hasNonNull("key") ? command.get("key").asText() : null;
        Map<String, Object> entry = new TreeMap<>();
        entry.put("key", key);
        entry.put("at_us", command.get("at_us").asLong());
        sends.add(entry);
        outlet.thread.submit(() -> outlet.producer.send(new ProducerRecord<>(command.get("topic").asText(), key, new byte[100]), (metadata, error) -> {
            synchronized (entry) {
                entry.put("done_us", now());
                if (error == null) {
                    entry.put("partition", metadata.partition());
                    entry.put("offset", metadata.offset());
                } else {
                    entry.put("error", name(error));
                }
            }
        }));
    }

    /** Kafka's name of the code, or the exception's where it is the client's own. */
    static String name(Throwable error) {
        Throwable cause = error instanceof java.util.concurrent.ExecutionException && error.getCause() != null ? error.getCause() : error;
        // The client's own TimeoutException has the code of a broker's, but is none.
        if (cause.getClass() == org.apache.kafka.common.errors.TimeoutException.class) {
            return "TimeoutException";
        }
        Errors code = Errors.forException(cause);
        return code == Errors.UNKNOWN_SERVER_ERROR ? cause.getClass().getSimpleName() : code.name();
    }

    private long now() {
        return (System.nanoTime() - begin) / 1000;
    }

    private void waitUntil(long us) throws InterruptedException {
        long left = us - now();
        if (left > 0) {
            Thread.sleep(left / 1000, (int) (left % 1000) * 1000);
        }
    }

    private List<TopicPartition> partitions() {
        List<TopicPartition> all = new ArrayList<>();
        for (JsonNode topic : scenario.at("/topology/topics")) {
            for (int p = 0; p < topic.get("partitions").asInt(); p++) {
                all.add(new TopicPartition(topic.get("name").asText(), p));
            }
        }
        return all;
    }

    /** Polls what the controller decided, as a broker that hears of it knows. */
    private void watch() {
        Map<TopicPartition, Map<String, Object>> known = new HashMap<>();
        while (!over) {
            for (TopicPartition partition : partitions()) {
                Map<String, Object> state = state(partition);
                if (state != null && !state.equals(known.put(partition, state))) {
                    Map<String, Object> change = Json.map("at_us", now(), "topic", partition.topic(), "partition", partition.partition());
                    change.putAll(state);
                    changes.add(change);
                }
            }
            try {
                Thread.sleep(POLL_MS);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private Map<String, Object> state(TopicPartition partition) {
        // The one that knows most: a broker that just started may know an old state.
        Map<String, Object> best = null;
        for (int broker : cluster.informed()) {
            try {
                var topic = cluster.describe(broker, partition.topic());
                if (topic.partitions().size() <= partition.partition()) {
                    continue;
                }
                Map<String, Object> state = Logs.state(topic.partitions().get(partition.partition()));
                if (best == null || (int) state.get("leader_epoch") > (int) best.get("leader_epoch")) {
                    best = state;
                }
            } catch (IOException notNow) {
                // It may just be starting or dying.
            }
        }
        return best;
    }

    private Map<String, Object> look(long at) throws IOException {
        List<Object> partitions = new ArrayList<>();
        for (TopicPartition partition : partitions()) {
            Map<String, Object> state = state(partition);
            Map<String, Object> entry = Json.map("topic", partition.topic(), "partition", partition.partition());
            if (state != null) {
                entry.putAll(state);
            }
            List<Object> replicas = new ArrayList<>();
            for (int broker : cluster.brokers()) {
                var folder = cluster.data(broker).resolve(partition.topic() + "-" + partition.partition());
                if (!java.nio.file.Files.exists(folder)) {
                    continue;
                }
                Logs.Content log = Logs.read(folder);
                Long hw = null;
                if (cluster.isUp(broker)) {
                    try {
                        long known = Logs.highWatermark(cluster.port(broker), cluster.describe(broker, partition.topic()).topicId(), partition);
                        hw = known < 0 ? null : known;
                    } catch (IOException notNow) {
                        // It may just be starting.
                    }
                }
                replicas.add(Json.map("broker", broker, "leo", log.end(), "hw", hw, "log", log.records()));
            }
            entry.put("replicas", replicas);
            partitions.add(entry);
        }
        return Json.map("at_us", at, "partitions", partitions);
    }

    private static Map<String, String> strings(JsonNode configs) {
        Map<String, String> map = new TreeMap<>();
        if (configs != null) {
            configs.properties().forEach(entry -> map.put(entry.getKey(), entry.getValue().asText()));
        }
        return map;
    }

    /** An application loop, the only member of its group. */
    private final class Reader extends Thread {
        private final String name;
        private final JsonNode app;
        private final List<String> effects;
        private final String group;
        private volatile boolean assigned;
        private volatile boolean abandoned;

        private Reader(String name, JsonNode app) {
            this.name = name;
            this.app = app;
            this.effects = new CopyOnWriteArrayList<>();
            // No other scenario's group: its members may be waited for long after its end.
            this.group = app.get("group").asText() + "-" + begin;
            setDaemon(true);
        }

        /** The same process again; what it did to the outside world stays done. */
        private Reader(Reader before) {
            this.name = before.name;
            this.app = before.app;
            this.effects = before.effects;
            this.group = before.group;
            setDaemon(true);
        }

        /** It dies: nothing leaves it any more, no last commit and no goodbye. */
        private void abandon() {
            links(cluster.links::cut);
            abandoned = true;
        }

        private void links(java.util.function.BiConsumer<String, String> change) {
            for (int broker : cluster.brokers()) {
                change.accept(name, Integer.toString(broker));
            }
        }

        @Override
        public void run() {
            Map<String, Object> configs = new HashMap<>(strings(app.get("configs")));
            String commit = app.path("commit").asText("");
            if (!commit.isEmpty()) {
                configs.put("enable.auto.commit", "false");
            }
            configs.put("bootstrap.servers", cluster.bootstrap());
            configs.put("client.id", name);
            configs.put("group.id", group);
            KafkaConsumer<String, byte[]> consumer = new KafkaConsumer<>(configs, new StringDeserializer(), new ByteArrayDeserializer());
            List<String> topics = new ArrayList<>();
            app.get("topics").forEach(topic -> topics.add(topic.asText()));
            consumer.subscribe(topics);
            try {
                while (!abandoned) {
                    var records = consumer.poll(Duration.ofMillis(100));
                    assigned |= !consumer.assignment().isEmpty();
                    if (records.isEmpty() || abandoned) {
                        continue;
                    }
                    if (commit.equals("before_handling")) {
                        consumer.commitSync();
                    }
                    for (ConsumerRecord<String, byte[]> record : records) {
                        Thread.sleep(app.path("handling_us").asLong(1000) / 1000);
                        if (abandoned) {
                            return;
                        }
                        effects.add(record.key());
                    }
                    if (commit.equals("after_handling") && !abandoned) {
                        consumer.commitSync();
                    }
                }
            } catch (InterruptedException | org.apache.kafka.common.errors.InterruptException e) {
                Thread.currentThread().interrupt();
            } finally {
                consumer.close(CloseOptions.timeout(Duration.ZERO));
            }
        }
    }
}
