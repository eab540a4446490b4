//! Where librdkafka sends keys by default, asked of librdkafka itself: no broker has a part in it, so its own mock cluster will do.
//! `HIGHWATER_WRITE_PAGE=1 cargo test -p highwater --features replay --test librdkafka` records it anew.
#![cfg(feature = "replay")]

use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::message::Message;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

const SIZES: [i32; 3] = [3, 6, 50];

/// Keys and the partitions that they went to.
#[derive(Default)]
struct Went(Mutex<Vec<(usize, i32)>>);

impl ClientContext for Went {}

impl ProducerContext for Went {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, number: Box<usize>) {
        let m = result.as_ref().expect("the mock cluster takes everything");
        self.0.lock().expect("nobody panics with it").push((*number, m.partition()));
    }
}

#[test]
fn keys_go_where_they_went_when_it_was_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/recorded");
    let read =
        |name: &str| -> Value { serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap_or_default()).unwrap_or(Value::Null) };
    // The keys that Java's partitioner was asked for, but for the empty one, which librdkafka sends anywhere.
    let classes = read("classes.json");
    let cases = classes["cases"].as_array().expect("recorded");
    let murmur2 = cases.iter().find(|c| c["name"] == "murmur2 of keys").expect("recorded");
    let keys: Vec<&str> =
        murmur2["vectors"].as_array().expect("a list").iter().filter_map(|v| v["key"].as_str()).filter(|k| !k.is_empty()).collect();

    let mock = MockCluster::new(1).expect("a cluster in this process");
    let mut vectors: Vec<Value> = keys.iter().map(|k| json!({ "key": k })).collect();
    for size in SIZES {
        let topic = format!("of{size}");
        mock.create_topic(&topic, size, 1).expect("a new topic");
        let producer: BaseProducer<Went> = ClientConfig::new()
            .set("bootstrap.servers", mock.bootstrap_servers())
            .create_with_context(Went::default())
            .expect("a producer");
        for (number, key) in keys.iter().enumerate() {
            let record = BaseRecord::<str, str, Box<usize>>::with_opaque_to(&topic, Box::new(number)).key(key).payload("");
            producer.send(record).map_err(|e| e.0).expect("queued");
        }
        producer.flush(Duration::from_secs(60)).expect("everything is delivered");
        for (number, partition) in producer.context().0.lock().expect("nobody panics with it").iter() {
            vectors[*number][&topic] = json!(partition);
        }
    }
    let library = rdkafka::util::get_rdkafka_version().1;
    if std::env::var_os("HIGHWATER_WRITE_PAGE").is_some() {
        let vectors: Vec<String> = vectors.iter().map(Value::to_string).collect();
        let text = format!(
            "{{\n\"format\": 1,\n\"library\": \"librdkafka {library}\",\n\"command\": \"HIGHWATER_WRITE_PAGE=1 cargo test -p highwater --features replay --test librdkafka\",\n\
            \"vectors\": [\n{}\n]\n}}\n",
            vectors.join(",\n")
        );
        fs::write(folder.join("librdkafka.json"), text).expect("it can be written");
    }
    assert_eq!(read("librdkafka.json")["vectors"], json!(vectors), "librdkafka {library}");
}
