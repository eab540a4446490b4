package highwater.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/** Every scenario of a folder, on as few clusters as their brokers, feature levels and configs allow. */
final class Scenarios {
    /** Most of the time a cluster waits, so two share the machine. */
    private static final int CLUSTERS = 2;

    private Scenarios() {
    }

    /** A scenario and its cluster. */
    private record Named(String name, JsonNode scenario, String cluster) {
        /** With what comes before and after it. */
        private long lasts() {
            return scenario.get("until_us").asLong() + 5_000_000;
        }
    }

    /** Plays them and writes one file each: name of the scenario → what was seen. */
    static void record(Path from, Path to, Path work, List<String> only, Map<String, Object> head) throws Exception {
        List<Named> all = new ArrayList<>();
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString().replace(".json", "");
                if (only.isEmpty() || only.contains(name)) {
                    JsonNode scenario = new ObjectMapper().readTree(file.toFile());
                    String cluster = scenario.at("/topology/brokers") + " " + scenario.path("features") + " " + scenario.path("configs");
                    all.add(new Named(name, scenario, cluster));
                }
            }
        }
        all.sort(Comparator.comparing(Named::cluster).thenComparing(Named::name));
        ExecutorService threads = Executors.newFixedThreadPool(CLUSTERS);
        List<Future<?>> shares = new ArrayList<>();
        for (List<Named> share : shares(all)) {
            Path folder = work.resolve("cluster-" + shares.size());
            shares.add(threads.submit(() -> {
                play(share, to, folder, head);
                return null;
            }));
        }
        threads.shutdown();
        for (Future<?> share : shares) {
            share.get();
        }
    }

    /** Neighbours stay together; each share lasts about as long as the others. */
    private static List<List<Named>> shares(List<Named> all) {
        long total = all.stream().mapToLong(Named::lasts).sum();
        List<List<Named>> shares = new ArrayList<>();
        long before = 0;
        for (Named one : all) {
            if (shares.size() * total <= before * CLUSTERS) {
                shares.add(new ArrayList<>());
            }
            shares.get(shares.size() - 1).add(one);
            before += one.lasts();
        }
        return shares;
    }

    private static void play(List<Named> all, Path to, Path work, Map<String, Object> head) throws Exception {
        Cluster cluster = null;
        String running = null;
        try {
            for (Named one : all) {
                if (!one.cluster.equals(running)) {
                    if (cluster != null) {
                        cluster.close();
                    }
                    cluster = new Cluster(work, one.scenario.at("/topology/brokers").asInt(), strings(one.scenario.path("features")),
                        strings(one.scenario.path("configs")));
                    running = one.cluster;
                }
                cluster.repair();
                System.err.println("playing " + one.name);
                Map<String, List<?>> seen = Player.play(cluster, one.scenario);
                Map<String, Object> document = new LinkedHashMap<>(head);
                document.put("features", cluster.features());
                document.put("scenario", one.name);
                Json.write(to.resolve(one.name + ".json"), document, seen);
                cluster.repair();
                for (JsonNode topic : one.scenario.at("/topology/topics")) {
                    cluster.deleteTopic(topic.get("name").asText());
                }
            }
        } finally {
            if (cluster != null) {
                cluster.close();
            }
        }
    }

    private static Map<String, String> strings(JsonNode object) {
        Map<String, String> map = new TreeMap<>();
        object.properties().forEach(entry -> map.put(entry.getKey(), entry.getValue().asText()));
        return map;
    }
}
