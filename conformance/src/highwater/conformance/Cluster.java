package highwater.conformance;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData;
import org.apache.kafka.common.requests.DescribeTopicPartitionsRequest;
import org.apache.kafka.common.requests.DescribeTopicPartitionsResponse;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** One controller and some brokers: real processes on loopback, each behind a {@link Proxy}. */
final class Cluster {
    static final int CONTROLLER = 100;
    private static final List<Process> RUNNING = new ArrayList<>();
    private static boolean ending;

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            synchronized (RUNNING) {
                ending = true;
                RUNNING.forEach(Process::destroyForcibly);
            }
        }));
    }

    final Proxy.Links links = new Proxy.Links();
    private final Path folder;
    private final Map<Integer, Server> servers = new TreeMap<>();
    private Admin admin;

    /** A process and where it listens. */
    private static final class Server {
        private final int id;
        private final int port;
        private final Path config;
        private final Proxy proxy;
        private Process process;

        private Server(int id, int port, Path config, Proxy proxy) {
            this.id = id;
            this.port = port;
            this.config = config;
            this.proxy = proxy;
        }
    }

    /**
     * Formats and starts.
     *
     * @param features levels that differ from the release's defaults
     * @param configs of brokers and controller
     */
    Cluster(Path folder, int brokers, Map<String, String> features, Map<String, String> configs) throws Exception {
        this.folder = folder;
        delete(folder);
        Files.createDirectories(folder);
        String clusterId = Uuid.randomUuid().toString();
        add(CONTROLLER, clusterId, features, brokers, configs);
        for (int id = 1; id <= brokers; id++) {
            add(id, clusterId, features, brokers, configs);
        }
        start(CONTROLLER);
        for (int id = 1; id <= brokers; id++) {
            start(id);
        }
        awaitUnfenced();
    }

    private void add(int id, String clusterId, Map<String, String> features, int brokers, Map<String, String> configs) throws IOException {
        int port = freePort();
        Proxy proxy = new Proxy(Integer.toString(id), port, links);
        Path data = folder.resolve("data-" + id);
        boolean controller = id == CONTROLLER;
        String listener = controller ? "CONTROLLER" : "PLAINTEXT";
        Properties p = new Properties();
        p.put("process.roles", controller ? "controller" : "broker");
        p.put("node.id", Integer.toString(id));
        int voter = controller ? proxy.port() : servers.get(CONTROLLER).proxy.port();
        p.put("controller.quorum.voters", CONTROLLER + "@127.0.0.1:" + voter);
        p.put("controller.listener.names", "CONTROLLER");
        p.put("listeners", listener + "://127.0.0.1:" + port);
        p.put("advertised.listeners", listener + "://127.0.0.1:" + proxy.port());
        p.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
        p.put("log.dirs", data.toString());
        String copies = Integer.toString(Math.min(3, brokers));
        String floor = Integer.toString(Math.min(2, brokers));
        for (String topic : List.of("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")) {
            p.put(topic + ".replication.factor", copies);
            p.put(topic + ".num.partitions", "1");
        }
        p.put("transaction.state.log.min.isr", floor);
        p.put("share.coordinator.state.topic.min.isr", floor);
        p.put("auto.create.topics.enable", "false");
        p.put("num.network.threads", "1");
        p.put("num.io.threads", "2");
        p.put("log.cleaner.dedupe.buffer.size", "4194304");
        p.put("group.initial.rebalance.delay.ms", "0");
        p.putAll(configs);
        Path config = folder.resolve("server-" + id + ".properties");
        try (var out = Files.newBufferedWriter(config)) {
            p.store(out, null);
        }
        List<String> format = new ArrayList<>(List.of("format", "--cluster-id", clusterId, "--config", config.toString()));
        features.forEach((name, level) -> format.addAll(List.of("--feature", name + "=" + level)));
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        int status = kafka.tools.StorageTool.execute(format.toArray(new String[0]), new PrintStream(said));
        if (status != 0) {
            throw new IOException("format of " + id + ": " + said);
        }
        servers.put(id, new Server(id, port, config, proxy));
    }

    void start(int id) throws IOException {
        Server server = servers.get(id);
        if (server.process != null && server.process.isAlive()) {
            return;
        }
        ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m", "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Dlog4j2.configurationFile=" + System.getProperty("log4j2.configurationFile"),
            "-cp", System.getProperty("java.class.path"), "kafka.Kafka", server.config.toString());
        Path log = folder.resolve("log-" + id);
        builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        synchronized (RUNNING) {
            if (ending) {
                throw new IOException("the recorder is ending");
            }
            server.process = builder.start();
            RUNNING.add(server.process);
        }
    }

    /** SIGKILL. */
    void kill(int id) throws InterruptedException {
        signal(id, "KILL");
        servers.get(id).process.waitFor();
    }

    /** SIGTERM: controlled shutdown; does not wait. */
    void stop(int id) {
        servers.get(id).process.destroy();
    }

    /** Any signal by name, such as STOP and CONT. */
    void signal(int id, String name) throws InterruptedException {
        try {
            new ProcessBuilder("kill", "-" + name, Long.toString(servers.get(id).process.pid())).start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean isUp(int id) {
        return servers.get(id).process.isAlive();
    }

    void awaitExit(int id) throws InterruptedException {
        if (!servers.get(id).process.waitFor(30, TimeUnit.SECONDS)) {
            throw new IllegalStateException("broker " + id + " did not stop");
        }
    }

    List<Integer> brokers() {
        return servers.keySet().stream().filter(id -> id != CONTROLLER).toList();
    }

    /** Where the server itself listens, behind its proxy: for observers, which no cut link may blind. */
    int port(int id) {
        return servers.get(id).port;
    }

    /** What clients are told. */
    String bootstrap() {
        return String.join(",", brokers().stream().map(id -> "127.0.0.1:" + servers.get(id).proxy.port()).toList());
    }

    Path data(int id) {
        return folder.resolve("data-" + id);
    }

    Admin admin() {
        if (admin == null) {
            admin = Admin.create(Map.of("bootstrap.servers", bootstrap(), "client.id", "recorder", "default.api.timeout.ms", 20_000, "request.timeout.ms", 10_000,
                "reconnect.backoff.max.ms", 500));
        }
        return admin;
    }

    /** All links whole, every broker started and unfenced. */
    void repair() throws Exception {
        links.healAll();
        for (int id : servers.keySet()) {
            start(id);
        }
        awaitUnfenced();
    }

    private void awaitUnfenced() throws Exception {
        await(60, "every broker is unfenced", () -> admin().describeCluster().nodes().get().size() == brokers().size());
    }

    /** Partition n on the brokers n+1, n+2, ..., as Highwater places them. */
    void createTopic(String name, int partitions, int replicas, Map<String, String> configs) throws Exception {
        Map<Integer, List<Integer>> assignment = new TreeMap<>();
        List<Integer> brokers = brokers();
        for (int p = 0; p < partitions; p++) {
            List<Integer> on = new ArrayList<>();
            for (int r = 0; r < replicas; r++) {
                on.add(brokers.get((p + r) % brokers.size()));
            }
            assignment.put(p, on);
        }
        admin().createTopics(List.of(new NewTopic(name, assignment).configs(configs))).all().get();
        await(20, name + " has leaders on every broker", () -> {
            for (int broker : brokers) {
                var topic = describe(broker, name);
                if (topic.partitions().size() != partitions || topic.partitions().stream().anyMatch(p -> p.leaderId() < 0 || p.isrNodes().size() != replicas)) {
                    return false;
                }
            }
            return true;
        });
    }

    void deleteTopic(String name) throws Exception {
        admin().deleteTopics(List.of(name)).all().get();
        await(20, name + " is gone", () -> brokers().stream().noneMatch(id -> Files.exists(data(id).resolve(name + "-0"))));
    }

    /** A topic as one broker knows it. */
    DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponseTopic describe(int broker, String topic) throws IOException {
        var data = new DescribeTopicPartitionsRequestData().setTopics(List.of(new DescribeTopicPartitionsRequestData.TopicRequest().setName(topic)))
            .setResponsePartitionLimit(100);
        var response = (DescribeTopicPartitionsResponse) Wire.once(port(broker), new DescribeTopicPartitionsRequest.Builder(data).build());
        return response.data().topics().find(topic);
    }

    /** Finalized feature levels. */
    Map<String, Short> features() throws Exception {
        Map<String, Short> levels = new TreeMap<>();
        admin().describeFeatures().featureMetadata().get().finalizedFeatures().forEach((name, range) -> levels.put(name, range.maxVersionLevel()));
        return levels;
    }

    /** The live brokers that the controller can tell what it decided. */
    List<Integer> informed() {
        return brokers().stream().filter(id -> isUp(id) && !links.isCut(Integer.toString(CONTROLLER), Integer.toString(id))).toList();
    }

    static void await(int seconds, String what, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        Exception last = null;
        while (System.nanoTime() < end) {
            try {
                if (condition.call()) {
                    return;
                }
            } catch (IOException | ExecutionException | NullPointerException notYet) {
                last = notYet;
            }
            Thread.sleep(100);
        }
        throw new IllegalStateException("waited " + seconds + " s in vain until " + what, last);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> all = Files.walk(folder)) {
                all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
            }
        }
    }

    void close() throws Exception {
        if (admin != null) {
            admin.close(java.time.Duration.ZERO);
        }
        for (Server server : servers.values()) {
            if (server.process != null) {
                server.process.destroyForcibly().waitFor();
            }
            server.proxy.close();
        }
        for (int id : servers.keySet()) {
            delete(data(id));
        }
    }
}
