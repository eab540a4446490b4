package highwater.conformance;

import org.apache.kafka.common.utils.AppInfoParser;

import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;

/** Records what Apache Kafka does. Arguments: the folder to write to, a folder to work in, then {@code classes}, {@code cluster} with names of cases, or nothing. */
public final class Main {
    private Main() {
    }

    /** See the class. */
    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        String what = args.length > 2 ? args[2] : "";
        if (what.equals("older")) {
            Probes.older(folder.resolve("probes-3.9.json"), Path.of(args[1]).resolve("older"), head(what));
            return;
        }
        if (!what.equals("cluster")) {
            Classes.record(folder); // not in 3.9
        }
        if (!what.equals("classes")) {
            List<String> only = List.of(args).subList(Math.min(args.length, 3), args.length);
            Path work = Path.of(args[1]);
            // What one of them could not record, the other still can.
            try {
                Probes.record(folder.resolve("probes.json"), work.resolve("probes"), only, head("cluster"));
            } finally {
                Scenarios.record(folder.resolveSibling("scenarios"), folder.resolve("scenarios"), work, only, head("cluster"));
            }
        }
    }

    static Map<String, Object> head(String command) {
        return Json.map("format", 1, "kafka", AppInfoParser.getVersion(), "recorded", LocalDate.now(ZoneOffset.UTC).toString(), "command", "conformance/record " + command);
    }
}
