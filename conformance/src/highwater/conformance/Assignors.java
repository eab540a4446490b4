package highwater.conformance;

import org.apache.kafka.common.TopicPartition;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;

/** Every assignor on the problems of the rule book, then on many small ones in which members come and go. */
final class Assignors {
    private static final List<String> ALL = List.of("range", "roundrobin", "sticky", "cooperative-sticky", "server-range", "server-uniform", "share-simple");
    private static final int GENERATED_EACH = 30;

    private Assignors() {
    }

    static List<Map<String, Object>> cases() {
        List<Map<String, Object>> cases = new ArrayList<>();
        for (String assignor : ALL) {
            named(assignor).forEach((name, problem) -> cases.add(problem.json(assignor + " " + name)));
        }
        for (String assignor : ALL) {
            cases.addAll(generated(assignor));
        }
        return cases;
    }

    private static Map<String, Problem> named(String assignor) {
        Map<String, Problem> cases = new TreeMap<>();
        cases.put("7 partitions, 3 members", Problem.of(assignor, "t:7", "m0=t", "m1=t", "m2=t"));
        cases.put("2 topics of 3, 2 members", Problem.of(assignor, "a:3 b:3", "m0=a,b", "m1=a,b"));
        cases.put("3 topics of 10, 3 members", Problem.of(assignor, "a:10 b:10 c:10", "m0=a,b,c", "m1=a,b,c", "m2=a,b,c"));
        cases.put("different subscriptions", Problem.of(assignor, "a:2 b:3", "m0=a", "m1=a,b", "m2=b"));
        cases.put("nested subscriptions", Problem.of(assignor, "a:1 b:2 c:3", "m0=a", "m1=a,b", "m2=a,b,c"));
        cases.put("a static member", Problem.of(assignor, "t:3", "m0=t", "m1@i1=t", "m2=t"));
        cases.put("two static members in the other order", Problem.of(assignor, "t:4", "m0@z=t", "m1@a=t", "m2=t"));
        cases.put("more members than partitions", Problem.of(assignor, "t:2", "m0=t", "m1=t", "m2=t"));
        cases.put("4 topics of 2, 3 members", Problem.of(assignor, "a:2 b:2 c:2 d:2", "m0=a,b,c,d", "m1=a,b,c,d", "m2=a,b,c,d"));
        cases.put("a member joins two", Problem.of(assignor, "t:6", "m0=t owns t0,t1,t2 in 1", "m1=t owns t3,t4,t5 in 1", "m2=t"));
        cases.put("a member joins one", Problem.of(assignor, "t:4", "m0=t owns t0,t1,t2,t3 in 1", "m1=t"));
        cases.put("a member has left", Problem.of(assignor, "t:6", "m0=t owns t0,t1 in 1", "m1=t owns t3,t4 in 1"));
        cases.put("the member with one more stays", Problem.of(assignor, "t:7", "m0=t owns t0,t1,t2 in 1", "m1=t owns t3,t4 in 1", "m2=t owns t5,t6 in 1", "m3=t"));
        if (!assignor.startsWith("server") && !assignor.startsWith("share")) {
            cases.put("two claim the same, same generation", Problem.of(assignor, "t:6", "m0=t owns t0,t1,t2 in 1", "m1=t owns t2,t3,t4 in 1"));
            cases.put("two claim the same, one is newer", Problem.of(assignor, "t:6", "m0=t owns t0,t1,t2 in 1", "m1=t owns t2,t3,t4 in 2"));
        }
        return cases;
    }

    /** Problems in pairs: a fresh group, then the same group after somebody came, left or changed the subscription. */
    private static List<Map<String, Object>> generated(String assignor) {
        List<Map<String, Object>> cases = new ArrayList<>();
        Random random = new Random(848);
        while (cases.size() < GENERATED_EACH) {
            Problem first = fresh(assignor, random);
            cases.add(first.json(assignor + " generated " + cases.size()));
            cases.add(changed(first, random).json(assignor + " generated " + cases.size()));
        }
        return cases;
    }

    private static Problem fresh(String assignor, Random random) {
        TreeMap<String, Integer> topics = new TreeMap<>();
        int topicCount = 1 + random.nextInt(3);
        for (int i = 0; i < topicCount; i++) {
            topics.put(String.valueOf((char) ('a' + i)), 1 + random.nextInt(5));
        }
        boolean same = random.nextBoolean();
        List<Problem.Member> members = new ArrayList<>();
        int memberCount = 1 + random.nextInt(4);
        for (int i = 0; i < memberCount; i++) {
            String instance = random.nextInt(4) == 0 ? "i" + (9 - i) : null;
            members.add(new Problem.Member("m" + i, instance, same ? List.copyOf(topics.keySet()) : subset(topics, random), List.of(), -1));
        }
        return new Problem(assignor, topics, members);
    }

    private static Problem changed(Problem before, Random random) {
        Map<String, List<TopicPartition>> owned = before.solve();
        List<Problem.Member> members = new ArrayList<>();
        before.members().forEach(member -> members.add(member.owning(owned.get(member.id()), 1)));
        int leaver = random.nextInt(members.size());
        boolean joins = random.nextBoolean() || members.size() == 1;
        List<String> subscription = random.nextBoolean() ? members.get(0).topics() : subset(before.topics(), random);
        if (joins) {
            members.add(new Problem.Member("m" + members.size(), null, subscription, List.of(), -1));
        } else {
            members.remove(leaver);
        }
        return new Problem(before.assignor(), before.topics(), members);
    }

    private static List<String> subset(TreeMap<String, Integer> topics, Random random) {
        TreeSet<String> chosen = new TreeSet<>();
        topics.keySet().forEach(topic -> {
            if (random.nextBoolean()) {
                chosen.add(topic);
            }
        });
        if (chosen.isEmpty()) {
            chosen.add(topics.lastKey());
        }
        return List.copyOf(chosen);
    }
}
