package highwater.conformance;

import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.clients.consumer.internals.AbstractPartitionAssignor;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.group.api.assignor.PartitionAssignor;
import org.apache.kafka.coordinator.group.api.assignor.SubscribedTopicDescriber;
import org.apache.kafka.coordinator.group.api.assignor.SubscriptionType;
import org.apache.kafka.coordinator.group.assignor.SimpleAssignor;
import org.apache.kafka.coordinator.group.assignor.UniformAssignor;
import org.apache.kafka.coordinator.group.modern.Assignment;
import org.apache.kafka.coordinator.group.modern.GroupSpecImpl;
import org.apache.kafka.coordinator.group.modern.MemberSubscriptionAndAssignmentImpl;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * One assignment problem, solved by Kafka's own classes.
 *
 * Some assignors walk Java hash maps of member ids and topic ids. Here ids are chosen so that this order is the order of the names
 * (m0, m1, ...; topics of one letter, whose ids count up): on a real cluster, where ids are random, it is an arbitrary permutation.
 */
record Problem(String assignor, TreeMap<String, Integer> topics, List<Member> members) {
    record Member(String id, String instanceId, List<String> topics, List<TopicPartition> owned, int generation) {
        Member owning(List<TopicPartition> partitions, int generation) {
            return new Member(id, instanceId, topics, partitions, generation);
        }
    }

    static final Comparator<TopicPartition> BY_TOPIC_AND_NUMBER = Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition);

    /** {@code "a:3 b:2"} and members as {@code "m0=a,b"}, {@code "m1@static=a owns a0,a1 in 4"}. */
    static Problem of(String assignor, String topics, String... members) {
        TreeMap<String, Integer> counts = new TreeMap<>();
        for (String topic : topics.split(" ")) {
            String[] parts = topic.split(":");
            counts.put(parts[0], Integer.parseInt(parts[1]));
        }
        return new Problem(assignor, counts, Arrays.stream(members).map(Problem::member).toList());
    }

    private static Member member(String text) {
        String[] words = text.split(" ");
        String[] head = words[0].split("=");
        String[] id = head[0].split("@");
        List<TopicPartition> owned = new ArrayList<>();
        int generation = -1;
        for (int i = 1; i + 1 < words.length; i += 2) {
            if (words[i].equals("owns")) {
                for (String partition : words[i + 1].split(",")) {
                    owned.add(new TopicPartition(partition.substring(0, 1), Integer.parseInt(partition.substring(1))));
                }
            } else {
                generation = Integer.parseInt(words[i + 1]);
            }
        }
        return new Member(id[0], id.length > 1 ? id[1] : null, List.of(head[1].split(",")), owned, generation);
    }

    Map<String, List<TopicPartition>> solve() {
        return switch (assignor) {
            case "range" -> client(new RangeAssignor());
            case "roundrobin" -> client(new RoundRobinAssignor());
            case "sticky" -> client(new StickyAssignor());
            case "cooperative-sticky" -> client(new CooperativeStickyAssignor());
            case "server-range" -> server(new org.apache.kafka.coordinator.group.assignor.RangeAssignor());
            case "server-uniform" -> server(new UniformAssignor());
            case "share-simple" -> server(new SimpleAssignor());
            default -> throw new IllegalArgumentException(assignor);
        };
    }

    private Map<String, List<TopicPartition>> client(AbstractPartitionAssignor assignor) {
        Map<String, List<PartitionInfo>> partitions = new HashMap<>();
        topics.forEach((topic, count) -> {
            // Kafka never shows an assignor a topic that nobody reads.
            if (members.stream().noneMatch(member -> member.topics.contains(topic))) {
                return;
            }
            List<PartitionInfo> infos = new ArrayList<>();
            for (int p = 0; p < count; p++) {
                infos.add(new PartitionInfo(topic, p, null, null, null));
            }
            partitions.put(topic, infos);
        });
        Map<String, Subscription> subscriptions = new HashMap<>();
        for (Member member : members) {
            Subscription subscription = new Subscription(member.topics, userData(member), member.owned, member.generation, Optional.empty());
            subscription.setGroupInstanceId(Optional.ofNullable(member.instanceId));
            subscriptions.put(member.id, subscription);
        }
        return sorted(assignor.assignPartitions(partitions, subscriptions));
    }

    /** What the member's own assignor sends along: the sticky one knows what is owned only from there. */
    @SuppressWarnings("removal")
    private ByteBuffer userData(Member member) {
        ConsumerPartitionAssignor own = assignor.equals("sticky") ? new StickyAssignor() : new CooperativeStickyAssignor();
        if (member.generation >= 0) {
            own.onAssignment(new ConsumerPartitionAssignor.Assignment(member.owned), new ConsumerGroupMetadata("g", member.generation, member.id, Optional.ofNullable(member.instanceId)));
        }
        return own.subscriptionUserData(new HashSet<>(member.topics));
    }

    private Map<String, List<TopicPartition>> server(PartitionAssignor assignor) {
        Map<String, Uuid> ids = new HashMap<>();
        Map<Uuid, String> names = new HashMap<>();
        long next = 1;
        for (String topic : topics.keySet()) {
            Uuid id = new Uuid(0, next++);
            ids.put(topic, id);
            names.put(id, topic);
        }
        Map<String, MemberSubscriptionAndAssignmentImpl> specs = new HashMap<>();
        Map<Uuid, Map<Integer, String>> inverted = new HashMap<>();
        for (Member member : members) {
            Set<Uuid> subscribed = new HashSet<>();
            member.topics.forEach(topic -> subscribed.add(ids.get(topic)));
            Map<Uuid, Set<Integer>> owned = new HashMap<>();
            for (TopicPartition partition : member.owned) {
                owned.computeIfAbsent(ids.get(partition.topic()), id -> new HashSet<>()).add(partition.partition());
                inverted.computeIfAbsent(ids.get(partition.topic()), id -> new HashMap<>()).put(partition.partition(), member.id);
            }
            specs.put(member.id, new MemberSubscriptionAndAssignmentImpl(Optional.empty(), Optional.ofNullable(member.instanceId), subscribed, new Assignment(owned)));
        }
        SubscribedTopicDescriber describer = new SubscribedTopicDescriber() {
            @Override
            public int numPartitions(Uuid id) {
                return topics.get(names.get(id));
            }

            @Override
            public Set<String> racksForPartition(Uuid id, int partition) {
                return Set.of();
            }
        };
        boolean same = members.stream().map(member -> Set.copyOf(member.topics)).distinct().count() <= 1;
        SubscriptionType type = same ? SubscriptionType.HOMOGENEOUS : SubscriptionType.HETEROGENEOUS;
        Map<String, List<TopicPartition>> solution = new HashMap<>();
        assignor.assign(new GroupSpecImpl(specs, type, inverted), describer).members().forEach((member, assignment) -> {
            List<TopicPartition> partitions = new ArrayList<>();
            assignment.partitions().forEach((id, numbers) -> numbers.forEach(number -> partitions.add(new TopicPartition(names.get(id), number))));
            solution.put(member, partitions);
        });
        members.forEach(member -> solution.putIfAbsent(member.id, List.of()));
        return sorted(solution);
    }

    private static Map<String, List<TopicPartition>> sorted(Map<String, List<TopicPartition>> assignment) {
        Map<String, List<TopicPartition>> sorted = new TreeMap<>();
        assignment.forEach((member, partitions) -> sorted.put(member, partitions.stream().sorted(BY_TOPIC_AND_NUMBER).toList()));
        return sorted;
    }

    /** The problem in the format that {@code highwater assign} reads, and what Kafka answered. */
    Map<String, Object> json(String name) {
        List<Object> memberList = new ArrayList<>();
        for (Member member : members) {
            Map<String, Object> one = Json.map("id", member.id, "instance_id", member.instanceId, "topics", member.topics);
            if (member.generation >= 0) {
                one.put("owned", pairs(member.owned));
                one.put("generation", member.generation);
            }
            memberList.add(one);
        }
        Map<String, Object> expected = new TreeMap<>();
        solve().forEach((member, partitions) -> expected.put(member, pairs(partitions)));
        return Json.map("name", name, "assignor", assignor, "topics", topics, "members", memberList, "expected", expected);
    }

    private static List<Object> pairs(List<TopicPartition> partitions) {
        List<Object> pairs = new ArrayList<>();
        partitions.forEach(partition -> pairs.add(List.of(partition.topic(), partition.partition())));
        return pairs;
    }
}
