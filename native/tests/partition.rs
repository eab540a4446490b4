//! `highwater partition` through the binary, with the vectors of the Java client.

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_highwater")).arg("partition").args(arguments).output().expect("the binary starts")
}

fn lines(arguments: &[&str]) -> String {
    let done = run(arguments);
    assert_eq!(done.status.code(), Some(0));
    String::from_utf8(done.stdout).expect("UTF-8")
}

#[test]
fn keys_go_where_the_java_client_sends_them() {
    assert_eq!(lines(&["--partitions", "6", "21", "foobar", "user-42", "hello"]), "21\t0\nfoobar\t0\nuser-42\t4\nhello\t3\n");
}

#[test]
fn keys_go_where_librdkafka_sends_them() {
    // crc32("123456789") is 0xcbf43926 by definition; it is above 2^31, so a signed remainder would differ.
    assert_eq!(lines(&["--partitions", "7", "--partitioner", "crc32", "123456789"]), format!("123456789\t{}\n", 0xcbf4_3926_u32 % 7));
}

#[test]
fn bad_usage_is_refused() {
    for arguments in [&["a"][..], &["--partitions", "0", "a"], &["--partitions", "3"], &["--partitions", "3", "--partitioner", "md5", "a"]]
    {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}
