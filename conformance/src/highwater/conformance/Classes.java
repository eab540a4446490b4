package highwater.conformance;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What Kafka's classes answer without a cluster. */
final class Classes {
    private Classes() {
    }

    static void record(Path folder) throws Exception {
        Json.write(folder.resolve("assignors.json"), Main.head("classes"), Map.of("cases", Assignors.cases()));
        List<Map<String, Object>> classes = new ArrayList<>(Partitioners.cases());
        classes.add(EpochCaches.recorded());
        Json.write(folder.resolve("classes.json"), Main.head("classes"), Map.of("cases", classes));
    }
}
