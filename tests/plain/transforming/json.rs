//! `--format json`: each record is an object that fits the schema in `docs`, and
//! no byte of it is lost.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::harness::{Ended, HeldLock, Peer, Place, Tee, fits, needs};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/log.schema.json");

/// Returns the records of the log, each of which must fit the schema.
#[track_caller]
fn records(place: &Place) -> Vec<Value> {
    let schema = serde_json::from_slice(&fs::read(SCHEMA).expect("read it")).expect("JSON");
    let log = String::from_utf8(place.read("app.log")).expect("UTF-8");
    let record = |line: &str| {
        let record = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(fits(&record, &schema, &schema), "it does not fit the schema: {line}");
        record
    };
    log.lines().map(record).collect()
}

#[track_caller]
fn of(args: &str, input: &[u8]) -> Vec<Value> {
    let place = Place::fresh();
    let tee = Tee::new(&place).args("--format json").args(args).args("app.log");
    let ended = tee.run(input);
    ended.expect_quiet_success();
    assert_eq!(ended.out, input, "the copy is raw");
    records(&place)
}

fn messages(records: &[Value]) -> Vec<&str> {
    records.iter().filter_map(|record| record["message"].as_str()).collect()
}

#[test]
fn a_line_is_an_object_with_what_is_known() {
    let place = Place::fresh();
    let mut tee =
        Tee::new(&place).args("--format json --utc --tag {user}-{stream} app.log").start();
    tee.feed(b"say \"hi\"\n");
    let pid = tee.pid();
    tee.finish().expect_quiet_success();
    let uname = Command::new("uname").arg("-n").output().expect("run uname").stdout;
    let host = String::from_utf8(uname).expect("UTF-8");
    let records = records(&place);
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!((&record["pid"], &record["stream"]), (&pid.as_raw().into(), &"in".into()));
    assert_eq!((&record["host"], &record["message"]), (&host.trim().into(), &"say \"hi\"".into()));
    assert!(record["tag"].as_str().is_some_and(|tag| tag.ends_with("-in")), "{record}");
    assert!(record["time"].as_str().is_some_and(|time| time.ends_with("+00:00")), "{record}");
    assert!(place.read("app.log").starts_with(b"{\"time\":\"20"), "the time comes first");
}

#[test]
fn a_command_s_streams_are_told_apart_and_its_markers_are_records() {
    let place = Place::fresh();
    let tee = Tee::new(&place).args("-q --format json --markers app.log -- sh -c");
    tee.arg("echo $$; echo err >&2").run(b"").expect(0);
    let records = records(&place);
    let find = |message: &str| {
        records.iter().find(|record| record["message"] == message).expect("it is there")
    };
    let err = find("err");
    assert_eq!(err["stream"], "err");
    let pid = err["pid"].as_u64().expect("a number").to_string();
    assert_eq!(find(&pid)["stream"], "out", "the shell's own");
    let noted = messages(&records).into_iter().filter(|text| text.starts_with("clh-tee: "));
    assert_eq!(noted.count(), 2, "{records:?}");
}

#[test]
fn what_is_not_utf_8_is_there_in_base64_too() {
    let records = of("", b"good \xc3\xa4\nbad \xff\xfe \xc3\n\0\x1b[1m\t\r\n");
    assert_eq!(messages(&records), ["good ä", "bad \u{fffd}\u{fffd} \u{fffd}", "\0\x1b[1m\t\r"]);
    let base64: Vec<_> = records.iter().map(|record| record["message_base64"].as_str()).collect();
    assert_eq!(base64, [None, Some("YmFkIP/+IMM="), None]);
}

#[test]
fn a_record_of_several_lines_is_one_message() {
    let records = of("-z", b"a\nb\n\0c\0\n\0torn\nend");
    assert_eq!(messages(&records), ["a\nb\n", "c", "\n", "torn\nend"]);
    let place = Place::fresh();
    let options = "-q -z --format json --max-bytes 1 --backups 9 app.log";
    Tee::new(&place).args(options).run(b"a\nb\0c\nd\0").expect_quiet_success();
    assert_eq!(messages(&self::records(&place)), ["c\nd"]);
}

#[test]
fn a_traceback_is_one_message() {
    let input = b"Traceback:\n  File \"a\"\n\tError\nnext\n";
    let records = of("--record-start ^[^[:space:]]", input);
    assert_eq!(messages(&records), ["Traceback:\n  File \"a\"\n\tError", "next"]);
}

#[test]
fn other_options_work_on_the_message() {
    let input = b"\x1b[31mred\x1b[0m\r\n10%\r100%\nno\n";
    let records = of("--strip-ansi --collapse-cr --deselect ^no$", input);
    assert_eq!(messages(&records), ["red", "100%"]);
    let place = Place::fresh();
    let args = "-q --format json --crlf --max-line 4 app.log";
    Tee::new(&place).args(args).run(b"one\r\n0123456\n").expect(0);
    assert_eq!(messages(&self::records(&place)), ["one", "0123", "456"]);
    assert!(place.read("app.log").ends_with(b"}\r\n"));
}

#[test]
fn lines_that_were_dropped_are_reported_as_a_record() {
    let place = Place::fresh();
    let held = HeldLock::take(&place.path(".__app.lock"));
    let mut tee =
        Tee::new(&place).args("--format json --overflow drop --buffer 100 app.log").start();
    let (first, lines) = (b"first\n", b"line\n".repeat(100));
    // An empty queue takes any batch.
    tee.feed(first);
    tee.until_echoed(first);
    tee.feed(&lines);
    tee.until_echoed(&[first, lines.as_slice()].concat());
    drop(held);
    tee.finish().expect(1);
    let records = records(&place);
    let reported = messages(&records)
        .into_iter()
        .any(|text| text.starts_with("clh-tee: ") && text.ends_with(", the buffer was full"));
    assert!(reported, "{records:?}");
}

#[test]
fn every_log_gets_its_records_as_json() {
    let place = Place::fresh();
    let args = "-q --format json app.log --copy b both.log";
    Tee::new(&place).args(args).run(b"a\nb\n").expect_quiet_success();
    assert_eq!(messages(&records(&place)), ["a", "b"]);
    assert!(place.read("both.log").ends_with(b",\"message\":\"b\"}\n"));
}

fn refused(args: &str) -> String {
    let place = Place::fresh();
    let ended: Ended = Tee::new(&place).args(args).args("app.log").run(b"");
    ended.expect(2);
    ended.stderr().lines().next().unwrap_or_default().to_owned()
}

#[test]
fn what_has_no_effect_with_it_is_refused_or_comes_from_a_file() {
    let no_effect = |option| {
        format!(
            "clh-tee: {option} has no effect with --format json, which has a time and escapes anyway"
        )
    };
    assert_eq!(refused("--format json --timestamp"), no_effect("--timestamp"));
    assert_eq!(refused("--format json --escape-control"), no_effect("--escape-control"));
    assert_eq!(refused("--read --format json"), "clh-tee: --format has no effect with --read");
    let place = Place::fresh();
    let settings = b"format = \"json\"\ntimestamp = \"unix\"\nescape-control = true\n";
    place.write("settings.toml", settings);
    let tee = || Tee::new(&place).args("-q --config settings.toml");
    tee().args("app.log").run(b"a\x07\n").expect_quiet_success();
    assert_eq!(messages(&records(&place)), ["a\x07"]);
    tee().args("--format text --tag t text.log").run(b"a\x07\n").expect_quiet_success();
    assert!(place.read("text.log").ends_with(b" t: a\\x07\n"));
}

#[test]
fn its_times_are_understood() {
    let place = Place::fresh();
    for (hour, message) in [("09", "early"), ("11", "late")] {
        let line = format!(
            "{{\"time\":\"2026-11-22T{hour}:00:00.000+00:00\",\"message\":\"{message}\"}}\n"
        );
        place.write("app.log", &[place.read("app.log"), line.into_bytes()].concat());
    }
    let read = Tee::new(&place).args("--read --since 2026-11-22T10:00:00Z app.log").run(b"");
    read.expect_quiet_success();
    assert!(read.out.starts_with(b"{\"time\":\"2026-11-22T11"), "{:?}", read.out);
    let read = Tee::new(&place).args("--read --select early app.log").run(b"");
    assert_eq!(read.out.split(|byte| *byte == b'\n').count(), 2, "a line and nothing after it");
    let status = Tee::new(&place).args("--status --json app.log").run(b"");
    let status: Value = serde_json::from_slice(&status.out).expect("JSON");
    assert_eq!(status["log"]["first"], "2026-11-22T09:00:00.000+00:00");
    assert_eq!(status["log"]["last"], "2026-11-22T11:00:00.000+00:00");
}

/// All bytes, in lines that end anywhere in a character.
fn noise() -> Vec<u8> {
    let byte = |number: u32| number.wrapping_mul(2_654_435_761).to_be_bytes()[1];
    (0..20_000).map(byte).filter(|byte| *byte != 0).collect()
}

#[test]
#[ignore = "needs jq"]
fn jq_gets_every_byte_back() {
    needs(&["jq"]);
    let place = Place::fresh();
    let tee = Tee::new(&place).args("-q --format json app.log");
    tee.run(&[noise(), b"\n".to_vec()].concat()).expect_quiet_success();
    let whole = "if .message_base64 then .message_base64 else (.message | @base64) end";
    let jq = Command::new("jq").args(["-r", whole]).arg(place.path("app.log")).output();
    let jq = String::from_utf8(jq.expect("run jq").stdout).expect("text");
    let mut base64 = Command::new("sh");
    base64.args(["-c", "while read -r line; do printf %s \"$line\" | base64 -d; echo; done"]);
    let mut child =
        base64.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start a shell");
    let mut stdin = child.stdin.take().expect("a pipe");
    let feeder = thread::spawn(move || stdin.write_all(jq.as_bytes()));
    let decoded = child.wait_with_output().expect("wait for the shell").stdout;
    feeder.join().expect("join").expect("feed the shell");
    assert_eq!(decoded, [noise(), b"\n".to_vec()].concat());
}

#[test]
#[ignore = "needs python3 and PyPI"]
fn an_independent_reader_of_schemas_agrees() {
    let place = Place::fresh();
    let tee = Tee::new(&place).args("-q --format json --tag t app.log");
    tee.run(&noise()).expect_quiet_success();
    records(&place);
    let mut lines = place.read("app.log");
    lines.extend_from_slice(b"{\"time\":\"now\",\"message\":\"\"}\n");
    let mut command = Peer::with("jsonschema", "4.17.3").script("schema.py");
    command.arg(SCHEMA).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("start Python");
    let mut stdin = child.stdin.take().expect("a pipe");
    let feeder = thread::spawn(move || stdin.write_all(&lines));
    let said = child.wait_with_output().expect("wait for Python").stdout;
    feeder.join().expect("join").expect("feed Python");
    let said = String::from_utf8(said).expect("text");
    assert!(said.lines().count() > 20 && said.ends_with("False\n"), "{said}");
    assert_eq!(said.lines().filter(|said| *said == "False").count(), 1, "{said}");
}
