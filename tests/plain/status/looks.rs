//! What `--status` shows of a log without faults.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::*;
use crate::harness::python;

#[test]
fn a_healthy_log_is_shown_in_full() {
    let site = Site::healthy();
    let (code, look) = site.look("--max-bytes 100K");
    assert_eq!(code, 0);
    assert_eq!(look["path"], site.0.path("app.log").to_str().expect("UTF-8"));
    assert_eq!(look["limit"], 102_400);
    let length = |name: &str| fs::metadata(site.0.path(name)).expect("stat").len();
    let sizes = ["app.log", "app.log.1.gz", "app.log.2.gz"].map(length);
    assert_eq!(look["total"], sizes.iter().sum::<u64>());
    let log = &look["log"];
    assert_eq!((&log["size"], &log["content"]), (&49.into(), &49.into()));
    assert_eq!((&log["slot"], &log["lines"]), (&Value::Null, &Value::Null));
    assert_eq!(log["first"], "2026-11-22 12:00:05");
    assert_eq!(log["last"], "2026-11-22 12:00:06");
    let older = &look["backups"][1];
    assert_eq!((&older["slot"], &older["compressed"]), (&2.into(), &true.into()));
    assert_eq!((&older["size"], &older["content"]), (&sizes[2].into(), &48.into()));
    assert_eq!((&older["first"], &older["last"]), (&"2026-11-22 12:00:01".into(), &Value::Null));
    let (_, counted) = site.look("--count");
    let older = &counted["backups"][1];
    assert_eq!((&older["lines"], &older["last"]), (&2.into(), &"2026-11-22 12:00:02".into()));
    let text = site.text("--count");
    let total = text.lines().find(|line| line.starts_with("total")).expect("a total");
    let cells: Vec<&str> = total.split_whitespace().collect();
    assert_eq!(cells[2..], ["148B", "6"], "{text}");
    expect_valid(&[look, counted]);
}

#[test]
fn what_clh_tee_itself_compressed_ahead_is_measured_without_inflating() {
    let site = Site(Place::fresh());
    let lines: Vec<u8> = (0..400_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
    let tee = Tee::new(&site.0).args("-q --gzip --max-bytes 3M app.log");
    tee.run(&lines).expect_quiet_success();
    let (code, look) = site.look("--max-bytes 3M");
    assert_eq!((code, names(&look, true)), (0, vec![]), "{look:#}");
    assert_eq!(look["backups"][0]["content"], site.0.read("app.log.1.gz").len());
    let (_, counted) = site.look("--count");
    let newlines = |name: &str| site.0.read(name).split(|byte| *byte == b'\n').count() - 1;
    assert_eq!(counted["backups"][0]["lines"], newlines("app.log.1.gz"));
    assert_eq!(counted["log"]["lines"], newlines("app.log"));
}

#[test]
fn a_thousand_backups_are_shown_and_counted() {
    let site = Site::healthy();
    for slot in 3..=1000_u64 {
        site.put(&format!("app.log.{slot}.gz"), "2026-11-22 12:00:00 line\n", slot);
    }
    let began = Instant::now();
    let (code, look) = site.look("--backups 1000");
    // For information only: a busy machine must not fail the test.
    eprintln!("1000 backups in {:?}, the start of the program included", began.elapsed());
    assert_eq!((code, look["backups"].as_array().map(Vec::len)), (0, Some(1000)));
    let slots = look["backups"].as_array().expect("an array").iter();
    assert!(slots.zip(1..).all(|(backup, slot)| backup["slot"] == slot), "in order");
    assert_eq!(
        site.text("--backups 1000").lines().filter(|line| line.contains(".gz ")).count(),
        1000
    );
    let (_, counted) = site.look("--backups 1000 --count");
    assert_eq!(counted["backups"][999]["lines"], 1);
    expect_valid(&[look]);
}

#[test]
fn nothing_is_made_not_even_the_lock_file() {
    let site = Site(Place::fresh());
    site.put("app.log", "line\n", 1);
    assert_eq!(site.look("--lock-dir locks").0, 0);
    assert_eq!(site.look("").0, 0);
    assert_eq!(site.0.names(), ["app.log"]);
}

#[test]
fn a_log_that_is_not_there_is_an_error() {
    let site = Site(Place::fresh());
    let ended = site.run("--status");
    ended.expect(1);
    assert_eq!(ended.stderr(), "clh-tee: cannot look at 'app.log': No such file or directory\n");
    assert!(ended.out.is_empty());
}

#[test]
fn what_is_no_file_is_said_and_not_waited_for() {
    let site = Site(Place::fresh());
    mkfifo(&site.0.path("app.log"), Mode::from_bits_truncate(0o600)).expect("make a FIFO");
    let (code, look) = site.look("");
    assert_eq!((code, &look["log"]), (0, &Value::Null));
    assert_eq!(names(&look, false), ["special", "no-lock"]);
    expect_valid(&[look]);
}

#[test]
fn names_that_are_not_text_are_shown_escaped() {
    let site = Site(Place::fresh());
    let name = |end: &[u8]| OsString::from_vec([b"a\xff\x1b.log", end].concat());
    fs::write(site.0.dir().join(name(b"")), "line\n").expect("write a file");
    fs::write(site.0.dir().join(name(b".bak")), "line\n").expect("write a file");
    let run = |json: &str| Tee::new(&site.0).args("--status").args(json).arg(name(b"")).run(b"");
    let ended = run("--json");
    let look: Value = serde_json::from_slice(&ended.out).expect("JSON");
    let bytes = |path: &Value| -> Vec<u8> {
        serde_json::from_value(path["bytes"].clone()).expect("an array of bytes")
    };
    assert!(bytes(&look["path"]).ends_with(b"/a\xff\x1b.log"), "{look}");
    assert!(bytes(&look["others"][0]).ends_with(b"/a\xff\x1b.log.bak"), "{look}");
    let ended = run("");
    assert!(ended.out.starts_with(br"a\xff\x1b.log: healthy"), "no byte of it is raw");
    expect_valid(&[look]);
}

#[test]
fn a_path_in_json_is_the_path() {
    let mut looks = Vec::new();
    for name in [r"a\xff.log", "a\n.log", "a\"\\.log", "a\u{202e}\u{e9}.log"] {
        let site = Site(Place::fresh());
        fs::write(site.0.path(name), "line\n").expect("write a file");
        let ended = Tee::new(&site.0).args("--status --json").arg(name).run(b"");
        let look: Value = serde_json::from_slice(&ended.out).expect("JSON");
        assert_eq!(look["path"].as_str().map(Path::new), Some(&*site.0.path(name)));
        looks.push(look);
    }
    expect_valid(&looks);
}

#[test]
#[ignore = "needs python3"]
fn there_are_colours_on_a_terminal_only() {
    let site = Site::healthy();
    let coloured = |variable: &str, value: &str| {
        let mut command = python("on_terminal.py");
        command.arg(env!("CARGO_BIN_EXE_clh-tee")).args(["--status", "app.log"]);
        command.current_dir(site.0.dir()).env_remove("NO_COLOR").env("TERM", "xterm");
        let output = command.env(variable, value).stdin(Stdio::null()).output();
        let output = output.expect("start Python");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(text.contains("healthy"), "{text}");
        text.contains("\x1b[")
    };
    assert!(coloured("LANG", "C"), "on a terminal");
    assert!(!coloured("NO_COLOR", "1"), "not if they are not wanted");
    assert!(!site.text("").contains('\x1b'), "not in a pipe");
}

#[test]
fn a_reader_that_goes_away_is_no_trouble() {
    let site = Site::healthy();
    let tee = Tee::new(&site.0).args("--status app.log").unheard();
    tee.run(b"").expect_quiet_success();
}

#[test]
fn what_does_not_go_together_is_refused() {
    let site = Site::healthy();
    for args in [
        "--status --repair",
        "--status --print-config",
        "--json",
        "--count",
        "--repair --json",
        "--repair --count",
        "--print-config --json",
        "--print-config --count",
    ] {
        let ended = site.run(args);
        ended.expect(2);
        assert!(ended.stderr().starts_with("clh-tee: "), "{args}");
    }
    for mode in ["--status", "--repair"] {
        let tee = Tee::new(&site.0).args(mode).args("app.log -- touch made");
        tee.run(b"").expect(2);
    }
    assert!(!site.0.path("made").exists());
}

#[test]
fn standard_input_is_not_read() {
    let site = Site::healthy();
    for args in ["--status", "--repair"] {
        let shell = format!("{{ {} {args} app.log >&2; cat; }}", env!("CARGO_BIN_EXE_clh-tee"));
        let mut command = Command::new("sh");
        command.args(["-c", &shell]).current_dir(site.0.dir());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("start sh");
        child.stdin.take().expect("a pipe").write_all(b"line\n").expect("write into a pipe");
        let output = child.wait_with_output().expect("wait for sh");
        assert_eq!(output.stdout, b"line\n", "{args}");
    }
}
