//! Lessons: those that are shipped hold; what is wrong in one is named with its file, its place and the reason.

use highwater_core::cli_twin;
use highwater_core::fold::narration::Lang;
use highwater_core::lesson::check::check;
use highwater_core::lesson::run::{Planned, Ran};
use highwater_core::lesson::{Lesson, LessonError, SHIPPED, Source};
use highwater_core::scenario::Do;
use serde_json::{Value, json};

fn l11() -> Source<'static> {
    *SHIPPED.iter().find(|s| s.id == "L11").unwrap()
}

/// L11 with one thing in its data changed.
fn changed(change: impl FnOnce(&mut Value)) -> Result<Lesson, LessonError> {
    let mut data: Value = serde_json::from_str(l11().data).unwrap();
    change(&mut data);
    Lesson::parse(Source { data: &data.to_string(), ..l11() })
}

#[test]
fn every_shipped_lesson_holds() {
    assert!(!SHIPPED.is_empty());
    for s in SHIPPED {
        let l = Lesson::parse(*s).unwrap_or_else(|e| panic!("{e}"));
        let (counts, found) = check(&l, Lang::En).unwrap();
        assert_eq!(found, [], "{}", s.id);
        assert!(counts.facts >= counts.steps && counts.misses >= 2);
    }
}

#[test]
fn a_fact_that_is_not_so_is_named_with_its_clause_and_the_event() {
    let l = changed(|d| d["steps"][1]["facts"] = json!(["at end: leader(pay-0) == 2 && lost == {}"])).unwrap();
    let (_, found) = check(&l, Lang::En).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    let f = &found[0];
    assert_eq!(f.at, "step alone");
    assert!(f.what.contains("lost == {}: it is D"), "{}", f.what);
    assert!(f.what.contains("D is lost: it was acknowledged"), "{}", f.what);

    for (fact, part) in [
        ("always: lost == {}", "lost == {}: it is D"),
        ("within 1 s..2 s: leader(pay-0) == 2", "first true at"),
        ("at 6.5 s: ack_latency(D) == 5 ms", "it is 4 ms"),
        ("at end: forall r in acked: size(holders(r)) == 3", "it is false"),
        ("at end: epoch(pay-0) in 2..3", "it is 1"),
    ] {
        let l = changed(|d| d["steps"][1]["facts"] = json!([fact])).unwrap();
        let (_, found) = check(&l, Lang::En).unwrap();
        assert!(found.len() == 1 && found[0].what.contains(part), "{fact}: {found:?}");
    }
}

#[test]
fn a_wrong_answer_focus_solution_or_near_miss_is_found() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 6] = [
        (|d| d["steps"][1]["answer"] = json!("safe"), "what comes true"),
        (|d| d["steps"][0]["focus"]["event"] = json!("lost"), "never happens"),
        (|d| d["challenge"]["solution"]["do"][3]["do"] = json!("crash"), "condition \"lost\" is not met"),
        (|d| d["challenge"]["misses"][0]["unmet"] = json!("alone"), "the first condition unmet is \"lost\""),
        (|d| d["challenge"]["misses"][0]["event"] = json!("crashed"), "the event named is"),
        (|d| d["challenge"]["misses"][1]["attempt"] = d["challenge"]["solution"].clone(), "meets every condition"),
    ];
    for (change, part) in cases {
        // The words of the option that is right have no note; a change of the answer needs other words.
        let (_, found) = match changed(change) {
            Ok(l) => check(&l, Lang::En).unwrap(),
            Err(e) => {
                assert!(part == "what comes true" && e.what.contains("lacks"), "{e}");
                continue;
            }
        };
        assert!(found.iter().any(|f| f.what.contains(part)), "{part}: {found:?}");
    }
}

#[test]
fn a_malformed_lesson_is_refused_with_file_place_and_reason() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str, &str); 12] = [
        (|d| d["steps"][0]["colour"] = json!(1), "steps[0].colour", "unknown field"),
        (|d| d["format"] = json!(2), "format", "this version reads 1"),
        (|d| d["steps"][0]["facts"][0] = json!("at end: lust == {}"), "steps[0].facts[0]", "can't be compared"),
        (|d| d["steps"][0]["facts"][0] = json!("at end: HW(pay-7) == 1"), "steps[0].facts[0]", "there is no partition \"pay-7\""),
        (|d| d["steps"][0]["facts"][0] = json!("on two: at end: lost == {}"), "steps[0].facts[0]", "there is no run \"two\""),
        (|d| d["steps"][0]["facts"][0] = json!("at end: events(exploded) == 1"), "steps[0].facts[0]", "no kind of event"),
        (|d| d["steps"][0]["answer"] = json!("maybe"), "steps[0].answer", "there is same, growing, pair"),
        (|d| d["steps"][0]["change"]["commands"][0]["topic"] = json!("x"), "steps[0].runs[0]", "there is no topic \"x\""),
        (|d| d["steps"][0]["focus"]["record"] = json!("Z"), "steps[0].focus.record", "there is no record \"Z\""),
        (|d| d["challenge"]["misses"] = json!([]), "challenge.misses", "at least 2 near misses"),
        (|d| d["steps"][0]["options"][0]["holds"] = json!("size(acked)"), "steps[0].options[0].holds", "column 1"),
        (|d| d["scene"]["kafka"] = json!("1.0"), "steps[0].runs[0]", "kafka"),
    ];
    for (change, at, part) in cases {
        let e = changed(change).unwrap_err();
        assert!(e.file == "L11.json" && e.at == at && e.what.contains(part), "{e}");
    }
    let e = Lesson::parse(Source { ko: &l11().ko.replace("\"pair\"", "\"pear\""), ..l11() }).unwrap_err();
    assert_eq!((e.file.as_str(), e.at.as_str()), ("L11.ko.json", "steps.price.options"), "{e}");
    let e = Lesson::parse(Source { en: &l11().en.replace("{ack_latency(A)}", "{ack_latency(Q)}"), ..l11() }).unwrap_err();
    assert_eq!((e.file.as_str(), e.at.as_str()), ("L11.en.json", "steps.price.outcome"), "{e}");
    let e = Lesson::parse(Source { data: "{\n \"format\": 1,,\n}", ..l11() }).unwrap_err();
    assert!(e.to_string().contains("line 2"), "{e}");
}

#[test]
fn a_changed_setting_does_not_count() {
    let l = Lesson::parse(l11()).unwrap();
    let scene = l.challenge_scene(None).unwrap();
    let mut s = scene.with_producer_config("checkout", "acks", "1").unwrap();
    s.commands.retain(|c| !matches!(c.what, Do::Crash { .. }));
    assert!(l.judge(&s, 3_000_000).unwrap().settings_changed);
    let v = l.judge(&scene, 3_000_000).unwrap();
    assert!(!v.settings_changed && !v.won() && v.unmet() == Some("alone"));
}

/// As Kafka's tools print it; ids that the model makes up are left out of the comparison.
#[test]
fn kafkas_tools_are_answered_in_their_format() {
    let l = Lesson::parse(l11()).unwrap();
    let runs = |step: &str| l.run(l.data.steps.iter().position(|s| s.id == step).unwrap()).unwrap();
    let ask = |r: &[Ran], c: &str| cli_twin::answer(c, &r[0].sim, &l.names);
    let single = runs("single");
    let topics = ask(&single, "bin/kafka-topics.sh --bootstrap-server localhost:9092 --describe --topic pay").unwrap();
    let (head, rest) = topics.split_once('\n').unwrap();
    let (name, id) = head.split_once("\tTopicId: ").unwrap();
    assert_eq!((name, id.split('\t').next().unwrap().len()), ("Topic: pay", 22));
    assert!(head.ends_with("\tPartitionCount: 1\tReplicationFactor: 3\tConfigs: "));
    assert_eq!(rest, "\tTopic: pay\tPartition: 0\tLeader: 1\tReplicas: 1,2,3\tIsr: 1\tElr: \tLastKnownElr: \n");
    assert_eq!(ask(&runs("alone"), "kafka-get-offsets.sh --topic pay --time -1").unwrap(), "pay:0:3\n");
    let reading = runs("reading");
    let group = ask(&reading, "kafka-consumer-groups.sh --describe --group billing").unwrap();
    let lines: Vec<&str> = group.lines().collect();
    assert_eq!(
        lines[1],
        "GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID"
    );
    assert_eq!(
        lines[2],
        "billing         pay             0          4               4               0               consumer-c1-1   /127.0.0.1      consumer-c1"
    );
    let read = ask(
        &reading,
        "kafka-console-consumer.sh --topic pay --from-beginning --formatter-property print.key=true --formatter-property print.offset=true",
    );
    assert!(read.unwrap().starts_with("Offset:0\tA\tA\nOffset:1\tB\tB\n"));
    assert!(ask(&reading, "kafka-topics.sh --delete --topic pay").unwrap_err().contains("not answered here"));
    assert!(ask(&reading, "rm -rf /").unwrap_err().contains("belongs to no option"));
    assert!(ask(&reading, "kafka-acls.sh --list").unwrap_err().contains("not answered here"));
}

fn shipped(id: &str) -> Lesson {
    Lesson::parse(*SHIPPED.iter().find(|s| s.id == id).unwrap()).unwrap()
}

/// The table of a command at the end of a step, or at an instant of it.
fn told(l: &Lesson, step: &str, at_us: u64, command: &str) -> String {
    let i = l.data.steps.iter().position(|s| s.id == step).unwrap();
    let run = Ran::until(l.plan(i).unwrap().remove(0), at_us).unwrap();
    cli_twin::answer(command, &run.sim, &l.names).unwrap()
}

/// What the tool prints is the coordinator's word: a member that died is there until its session expires.
#[test]
fn consumer_groups_are_described_as_their_coordinator_has_them() {
    let l = shipped("L9");
    let members = told(&l, "four", u64::MAX, "kafka-consumer-groups.sh --describe --group billing --members --verbose");
    let rows: Vec<Vec<&str>> = members.lines().skip(1).map(|x| x.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["GROUP", "CONSUMER-ID", "HOST", "CLIENT-ID", "#PARTITIONS", "ASSIGNMENT"]);
    assert_eq!(rows[1], ["billing", "consumer-c1-1", "/127.0.0.1", "consumer-c1", "1", "orders(0)"]);
    assert_eq!(rows[4], ["billing", "consumer-c4-1", "/127.0.0.1", "consumer-c4", "0", "-"]);

    let describe = "kafka-consumer-groups.sh --describe --group billing";
    let owner_of_2 = |at| {
        let table = told(&l, "crash", at, describe);
        table
            .lines()
            .map(|x| x.split_whitespace().map(String::from).collect::<Vec<_>>())
            .find(|x| x.get(2).is_some_and(|n| n == "2"))
            .unwrap()
    };
    let (dead, after) = (owner_of_2(40_000_000), owner_of_2(74_000_000));
    assert!(dead[6] == "consumer-c3-1" && dead[5].parse::<u32>().unwrap() >= 4, "{dead:?}");
    assert!(after[6] == "consumer-c4-1" && after[5] == "0", "{after:?}");
    let state = told(&l, "memory", u64::MAX, "kafka-consumer-groups.sh --describe --group billing --state");
    let row: Vec<&str> = state.lines().nth(2).unwrap().split_whitespace().collect();
    assert!(row[0] == "billing" && row[2] != "(1)" && row[3..] == ["range", "Stable", "1"], "{state}");
    let empty = told(&l, "memory", 62_500_000, describe);
    assert!(empty.starts_with("\nConsumer group 'billing' has no active members.\n") && empty.contains(" -               -"), "{empty}");
    let moving = told(&l, "two", 2_100_000, describe);
    assert!(moving.starts_with("\nWarning: Consumer group 'billing' is rebalancing.\n"), "{moving}");
    let gone = {
        let run = Ran::until(l.plan(5).unwrap().remove(0), 7_000_000).unwrap();
        cli_twin::answer(describe, &run.sim, &l.names).unwrap_err()
    };
    assert!(gone.contains("COORDINATOR_NOT_AVAILABLE"), "{gone}");
}

#[test]
fn logs_are_dumped_batch_by_batch() {
    let l = shipped("L9");
    let text = told(&l, "alone", u64::MAX, "kafka-dump-log.sh --files /data/broker-2/orders-1/00000000000000000000.log --print-data-log");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["Dumping /data/broker-2/orders-1/00000000000000000000.log", "Log starting offset: 0"]);
    assert!(lines[2].starts_with("baseOffset: 0 lastOffset: 0 count: 1 baseSequence: 0 lastSequence: 0 producerId: "), "{}", lines[2]);
    assert!(lines[2].contains("partitionLeaderEpoch: 0 isTransactional: false isControl: false"));
    assert_eq!(lines[3], "| offset: 0 sequence: 0 headerKeys: [] key: frank payload: frank");
    assert_eq!(lines.len(), 2 + 2 * 10);
    let commits = told(&l, "memory", u64::MAX, l.data.steps[5].twin.as_ref().unwrap());
    let last = r#"{"key":{"type":1,"data":{"group":"billing","topic":"orders","partition":2}},"value":{"version":3,"data":{"offset":10,"metadata":""}}}"#;
    assert_eq!(commits.lines().last(), Some(last), "{commits}");
    let run = &l.run(0).unwrap()[0];
    let err = cli_twin::answer("kafka-dump-log.sh --files nowhere.log", &run.sim, &l.names).unwrap_err();
    assert!(err.contains("is no log; write"), "{err}");
}

#[test]
fn a_group_or_member_that_is_not_there_is_named() {
    for (fact, part) in [
        ("at end: idle(sales) == 0", "there is no group \"sales\"; there is billing"),
        ("at end: assign(billing, c9) == {}", "there is no member \"c9\"; there is c1"),
        ("at end: stop_ms(billing, pay-7) == 0 ms", "there is no partition \"pay-7\""),
    ] {
        let e = changed(|d| d["steps"][4]["facts"][0] = json!(fact)).unwrap_err();
        assert!(e.what.contains(part), "{e}");
    }
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let l = Lesson::parse(l11()).unwrap();
    for i in 0..l.data.steps.len() {
        let hash = |p: Planned| Ran::to_end(p).unwrap().sim.trace_hash();
        let (a, b) = (l.plan(i).unwrap(), l.plan(i).unwrap());
        assert_eq!(a.into_iter().map(hash).collect::<Vec<_>>(), b.into_iter().map(hash).collect::<Vec<_>>());
    }
}
