package highwater.conformance;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.server.util.Scheduler;
import org.apache.kafka.storage.internals.checkpoint.LeaderEpochCheckpointFile;
import org.apache.kafka.storage.internals.epoch.LeaderEpochFileCache;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;

/** Leader epoch caches: what enters, and where an epoch ends by their word (Kafka's endOffsetFor). */
final class EpochCaches {
    /** Epochs and their starts, as they are assigned one after the other. */
    private static final int[][][] ASSIGNED = {{}, {{0, 0}}, {{0, 0}, {2, 5}, {3, 9}}, {{3, 4}, {5, 7}}, {{1, 0}, {2, 4}, {3, 4}}, {{0, 0}, {4, 8}, {6, 8}, {7, 10}}};
    private static final int LOG_END = 12;

    /** Nothing is flushed in the background. */
    private static final Scheduler IDLE = new Scheduler() {
        @Override
        public void startup() {
        }

        @Override
        public void shutdown() {
        }

        @Override
        public ScheduledFuture<?> schedule(String name, Runnable task, long delayMs, long periodMs) {
            return null;
        }

        @Override
        public void resizeThreadPool(int size) {
        }
    };

    private EpochCaches() {
    }

    static Map<String, Object> recorded() throws IOException {
        List<Object> caches = new ArrayList<>();
        for (int[][] assigned : ASSIGNED) {
            Path folder = Files.createTempDirectory("epochs");
            try {
                var file = new LeaderEpochCheckpointFile(folder.resolve("leader-epoch-checkpoint").toFile(), new LogDirFailureChannel(1));
                var cache = new LeaderEpochFileCache(new TopicPartition("t", 0), file, IDLE);
                for (int[] entry : assigned) {
                    cache.assign(entry[0], entry[1]);
                }
                List<Object> answers = new ArrayList<>();
                for (int epoch = -1; epoch <= 8; epoch++) {
                    var end = cache.endOffsetFor(epoch, LOG_END);
                    answers.add(List.of(epoch, end.getKey(), end.getValue()));
                }
                List<Object> entries = new ArrayList<>();
                cache.epochEntries().forEach(entry -> entries.add(List.of(entry.epoch(), entry.startOffset())));
                caches.add(Json.map("assigned", assigned, "entries", entries, "log_end", LOG_END, "asked_epoch_end", answers));
            } finally {
                Cluster.delete(folder);
            }
        }
        return Json.map("name", "where an epoch ends", "family", "divergence and fencing", "caches", caches);
    }
}
