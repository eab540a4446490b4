package highwater.conformance;

import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.OffsetCommitRequest;
import org.apache.kafka.common.requests.OffsetCommitResponse;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/** Members that come and go: callbacks in order, assignments, generations, what a commit is answered. */
final class GroupProbes {
    private GroupProbes() {
    }

    static List<Probes.Probe> all() {
        List<Probes.Probe> probes = new ArrayList<>();
        for (String how : List.of("range", "cooperative", "default", "consumer")) {
            probes.add(probe("a second member joins and leaves: " + how, 4, on -> joins(on, how)));
        }
        probes.add(probe("a static member restarts: classic", 4, on -> restarts(on, "range")));
        probes.add(probe("a static member restarts: consumer", 4, on -> restarts(on, "consumer")));
        probes.add(probe("what a commit is answered", 2, GroupProbes::commits));
        probes.add(probe("where auto-commit commits", 1, GroupProbes::autoCommit));
        return probes;
    }

    private static Probes.Probe probe(String name, int partitions, Probes.Steps steps) {
        return new Probes.Probe(name, "groups", partitions, 1, Map.of(), steps);
    }

    /** A consumer that polls on a thread of its own and writes down its callbacks. */
    private static final class Member extends Thread {
        private final String name;
        private final Consumer<String, byte[]> consumer;
        private final List<String> diary;
        private volatile boolean over;
        private volatile Set<TopicPartition> has = Set.of();
        private volatile int generation = -1;
        private volatile String memberId = "";

        private Member(Probes.Context on, String name, List<String> diary, String how, Object... more) {
            this.name = name;
            this.diary = diary;
            Map<String, Object> configs = new HashMap<>(Json.map(more));
            configs.put("group.id", "g-" + on.topic());
            configs.put("client.id", name);
            configs.put("auto.offset.reset", "earliest");
            configs.putIfAbsent("enable.auto.commit", "false");
            if (how.equals("consumer")) {
                configs.put("group.protocol", "consumer");
            } else {
                configs.put("heartbeat.interval.ms", "500");
                configs.put("session.timeout.ms", "6000");
                if (!how.equals("default")) {
                    String assignor = how.equals("range") ? "RangeAssignor" : "CooperativeStickyAssignor";
                    configs.put("partition.assignment.strategy", "org.apache.kafka.clients.consumer." + assignor);
                }
            }
            Object[] flat = configs.entrySet().stream().flatMap(e -> java.util.stream.Stream.of(e.getKey(), e.getValue())).toArray();
            consumer = on.consumer(flat);
            consumer.subscribe(List.of(on.topic()), new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                    note("revoked", partitions);
                }

                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                    note("assigned", partitions);
                }

                @Override
                public void onPartitionsLost(Collection<TopicPartition> partitions) {
                    note("lost", partitions);
                }
            });
            setDaemon(true);
            start();
        }

        private void note(String what, Collection<TopicPartition> partitions) {
            diary.add(name + " " + what + " " + numbers(partitions));
        }

        @Override
        public void run() {
            while (!over) {
                consumer.poll(Duration.ofMillis(100));
                has = consumer.assignment();
                generation = consumer.groupMetadata().generationId();
                memberId = consumer.groupMetadata().memberId();
            }
            Probes.Context.close(consumer);
        }

        private void leave() throws InterruptedException {
            over = true;
            join();
            diary.add(name + " closed");
        }
    }

    private static List<Integer> numbers(Collection<TopicPartition> partitions) {
        return partitions.stream().map(TopicPartition::partition).sorted().toList();
    }

    /** Waits until these members share all partitions and the picture stands still. */
    private static Map<String, Object> settled(int partitions, Member... members) throws Exception {
        Cluster.await(40, "the group has settled", () -> {
            int total = 0;
            for (Member member : members) {
                if (member.has.isEmpty()) {
                    return false;
                }
                total += member.has.size();
            }
            return total == partitions;
        });
        Thread.sleep(1_500);
        List<Integer> sizes = new ArrayList<>();
        int generation = 0;
        for (Member member : members) {
            sizes.add(member.has.size());
            generation = Math.max(generation, member.generation);
        }
        return Json.map("sizes", sizes, "generation", generation);
    }

    private static Object joins(Probes.Context on, String how) throws Exception {
        List<String> diary = new CopyOnWriteArrayList<>();
        Member a = new Member(on, "a", diary, how);
        Object alone = settled(4, a);
        Member b = new Member(on, "b", diary, how);
        Object together = settled(4, a, b);
        b.leave();
        Object again = settled(4, a);
        a.leave();
        Object order = List.of(of(diary, "a"), of(diary, "b"));
        return Json.map("callbacks", order, "alone", alone, "together", together, "again", again);
    }

    private static Object restarts(Probes.Context on, String how) throws Exception {
        List<String> diary = new CopyOnWriteArrayList<>();
        Member a = new Member(on, "a", diary, how, "group.instance.id", "i-a");
        Member b = new Member(on, "b", diary, how, "group.instance.id", "i-b");
        Map<String, Object> before = settled(4, a, b);
        List<Integer> had = numbers(b.has);
        b.leave();
        int from = of(diary, "a").size();
        Member again = new Member(on, "b", diary, how, "group.instance.id", "i-b");
        Map<String, Object> after = settled(4, a, again);
        boolean same = had.equals(numbers(again.has));
        List<String> all = of(diary, "a");
        List<String> during = all.subList(from, all.size());
        again.leave();
        a.leave();
        // How many generations the first two joins took is by chance; that the restart took none is not.
        return Json.map("no_rebalance", before.equals(after), "same_partitions", same, "others_callbacks", during);
    }

    /** One member's own order; how those of two interleave is by chance. */
    private static List<String> of(List<String> diary, String member) {
        return diary.stream().filter(line -> line.startsWith(member + " ")).toList();
    }

    private static Object commits(Probes.Context on) throws Exception {
        on.send("0", "1");
        List<String> diary = new CopyOnWriteArrayList<>();
        Member a = new Member(on, "a", diary, "range");
        settled(2, a);
        String member = a.memberId;
        int generation = a.generation;
        List<Object> rows = new ArrayList<>();
        rows.add(commit(on, "the member itself", member, generation));
        rows.add(commit(on, "an older generation", member, generation - 1));
        rows.add(commit(on, "a newer generation", member, generation + 1));
        rows.add(commit(on, "an unknown member", "nobody", generation));
        rows.add(commit(on, "no member while the group has some", "", -1));
        a.leave();
        rows.add(commit(on, "no member while the group is empty", "", -1));
        rows.add(commit(on, "the member after it left", member, generation));
        return rows;
    }

    private static Object commit(Probes.Context on, String who, String member, int generation) throws Exception {
        var partition = new OffsetCommitRequestData.OffsetCommitRequestPartition().setPartitionIndex(0).setCommittedOffset(1);
        var topic = new OffsetCommitRequestData.OffsetCommitRequestTopic().setName(on.topic()).setPartitions(List.of(partition));
        var data = new OffsetCommitRequestData().setGroupId("g-" + on.topic()).setMemberId(member).setGenerationIdOrMemberEpoch(generation).setTopics(List.of(topic));
        var response = (OffsetCommitResponse) Wire.once(on.cluster().port(1), OffsetCommitRequest.Builder.forTopicNames(data).build((short) 9));
        return Json.map("who", who, "error", Errors.forCode(response.data().topics().get(0).partitions().get(0).errorCode()).name());
    }

    private static Object autoCommit(Probes.Context on) throws Exception {
        on.send("0", "1", "2", "3");
        List<Object> rows = new ArrayList<>();
        for (boolean close : new boolean[] {false, true}) {
            String group = "g-" + on.topic() + close;
            Consumer<String, byte[]> consumer = on.consumer("group.id", group, "auto.offset.reset", "earliest", "auto.commit.interval.ms", "1000", "max.poll.records", "2");
            consumer.subscribe(List.of(on.topic()));
            int got = 0;
            while (got < 2) {
                got += consumer.poll(Duration.ofMillis(100)).count();
            }
            rows.add(Json.map("when", "right after poll() returned 2", "committed", committed(on, group)));
            Thread.sleep(1_500);
            rows.add(Json.map("when", "after the interval, without another poll()", "committed", committed(on, group)));
            if (close) {
                Probes.Context.close(consumer);
                rows.add(Json.map("when", "after close()", "committed", committed(on, group)));
            } else {
                consumer.poll(Duration.ofMillis(500));
                Thread.sleep(500);
                rows.add(Json.map("when", "after the next poll(), which returned the other 2", "committed", committed(on, group)));
                consumer.unsubscribe();
                Probes.Context.close(consumer);
            }
        }
        return rows;
    }

    private static Long committed(Probes.Context on, String group) throws Exception {
        OffsetAndMetadata found = on.cluster().admin().listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().get(on.partition());
        return found == null ? null : found.offset();
    }
}
