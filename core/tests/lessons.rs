//! Lessons: those that are shipped hold; what is wrong in one is named with its file, its place and the reason.

use highwater_core::cli_twin;
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
        let (counts, found) = check(&l).unwrap();
        assert_eq!(found, [], "{}", s.id);
        assert!(counts.facts >= counts.steps && counts.misses >= 2);
    }
}

#[test]
fn a_fact_that_is_not_so_is_named_with_its_clause_and_the_event() {
    let l = changed(|d| d["steps"][1]["facts"] = json!(["at end: leader(pay-0) == 2 && lost == {}"])).unwrap();
    let (_, found) = check(&l).unwrap();
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
        let (_, found) = check(&l).unwrap();
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
            Ok(l) => check(&l).unwrap(),
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

#[test]
fn the_same_run_gives_the_same_bytes() {
    let l = Lesson::parse(l11()).unwrap();
    for i in 0..l.data.steps.len() {
        let hash = |p: Planned| Ran::to_end(p).unwrap().sim.trace_hash();
        let (a, b) = (l.plan(i).unwrap(), l.plan(i).unwrap());
        assert_eq!(a.into_iter().map(hash).collect::<Vec<_>>(), b.into_iter().map(hash).collect::<Vec<_>>());
    }
}
