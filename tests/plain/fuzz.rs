//! Whatever is in a settings file, in a lock file, beside a log or in a private file, the program
//! appends and does not panic.
//!
//! A normal run tries some cases; with `CLH_TEE_FUZZ_SECONDS=60` each test tries others for a
//! minute. A failing case is made smaller and its seed is added to `fuzz.seeds`. Commit that file:
//! later runs start with its cases.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{Write, pipe};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};

use crate::harness::generations::inflated;
use crate::harness::{Ended, Place, Tee};

/// The seeds of cases that failed.
const SEEDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/plain/fuzz.seeds");

/// Tries a test with `cases` values, or with more until the time is up.
fn fuzz<S: Strategy>(cases: u32, values: S, test: impl Fn(S::Value)) {
    let seconds = env::var("CLH_TEE_FUZZ_SECONDS").map(|text| text.parse().expect("seconds"));
    let (budget, began) = (Duration::from_secs(seconds.unwrap_or(0)), Instant::now());
    let config = Config {
        cases,
        source_file: Some(file!()),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(SEEDS))),
        max_shrink_iters: 200,
        ..Config::default()
    };
    loop {
        let run = TestRunner::new(config.clone()).run(&values, |value| {
            test(value);
            Ok::<(), TestCaseError>(())
        });
        run.unwrap_or_else(|failure| panic!("{failure}"));
        if began.elapsed() >= budget {
            break;
        }
    }
}

/// Runs the program; asserts that it ended by itself and did not panic. It may end before it has
/// read the input, which is short.
#[track_caller]
fn run(tee: Tee, input: &[u8]) -> Ended {
    let (stdin, mut feeder) = pipe().expect("make a pipe");
    feeder.write_all(input).expect("a pipe has room for that");
    drop(feeder);
    let ended = tee.stdin(stdin).start().finish();
    let code = ended.status.code();
    assert!(code.is_some_and(|code| code <= 2), "{}: {}", ended.status, ended.stderr());
    assert!(!ended.stderr().contains("panicked"), "{}", ended.stderr());
    ended
}

/// Joins random parts; most of them have a meaning for the reader.
fn joined(parts: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<u8>> {
    let known = select(parts).prop_map(|part| part.as_bytes().to_vec());
    let part = prop_oneof![9 => known, 1 => prop::collection::vec(any::<u8>(), 0..4)];
    prop::collection::vec(part, 0..most).prop_map(|parts| parts.concat())
}

#[test]
fn settings_files() {
    const PARTS: &[&str] = &[
        "max-bytes",
        "backups",
        "gzip",
        "when",
        "tag",
        "select",
        "sync",
        "chmod",
        " = ",
        "=",
        "\n",
        "\"512K\"",
        "5",
        "-1",
        "true",
        "\"D\"",
        "'",
        "\"",
        "\"\"\"",
        "[log.\"*.log\"]\n",
        "[log.\"",
        "[",
        "]",
        "[[",
        "{",
        "}",
        ",",
        ".",
        "#",
        "\\u00e9",
        "\\",
        "\r\n",
        "é",
        "1e9",
        "99999999999999999999",
    ];
    fuzz(40, joined(PARTS, 30), |text| {
        let place = Place::fresh();
        place.write("settings.toml", &text);
        let tee = || Tee::new(&place).args("--config settings.toml app.log");
        run(tee().args("--print-config"), b"");
        let ended = run(tee(), b"line\n");
        assert!(ended.status.success() || !ended.stderr().is_empty(), "silent");
    });
}

#[test]
fn lock_files() {
    const PARTS: &[&str] = &["1795366800", "0", "9", "-", "+", ".", " ", "\n", "\0", "e"];
    let content = prop_oneof![
        9 => joined(PARTS, 6),
        1 => prop::collection::vec(any::<u8>(), 0..10_000),
    ];
    let options =
        select(vec!["--when S", "--when MIDNIGHT --at-time 12:00", "--when W0 --utc", ""]);
    fuzz(40, (content, options), |(content, options)| {
        let place = Place::fresh();
        place.write(".__app.lock", &content);
        place.write("app.log", b"old\n");
        let tee = |args: &str| Tee::new(&place).args(args).args(options).arg("app.log");
        run(tee("-q"), b"line\n").expect(0);
        run(tee("--status"), b"");
        run(tee("--repair"), b"");
        let all: Vec<Vec<u8>> = place.names().iter().map(|name| place.read(name)).collect();
        let all = String::from_utf8_lossy(&all.concat()).into_owned();
        assert!(all.contains("old\n") && all.contains("line\n"), "{all:?}");
    });
}

#[test]
fn names_around_a_log() {
    const PARTS: &[&str] = &[
        "app.log",
        "app",
        ".log",
        ".",
        ".__",
        ".lock",
        ".gz",
        "1",
        "2",
        "3",
        "007",
        "0",
        "18446744073709551615",
        "18446744073709551616",
        "rotate",
        "4711",
        "2026-11-27",
        "_12-00",
        "2026-11-27_12-00-00",
        "0123456789abcdef",
        "-",
        "~",
    ];
    // Half of the names have a meaning.
    let known = select(vec![
        "app.log.1",
        "app.log.2",
        "app.log.3.gz",
        "app.log.1.gz",
        "app.log.rotate.4711",
        "app.log.rotate.4712.gz",
        ".__app.log.0123456789abcdef.gz",
        "app.log.2026-11-27",
        "app.log.2026-11-27.gz",
        "app.log.2026-11-26.1",
        ".__app.log",
        "app.log",
    ]);
    let known = known.prop_map(|name| name.as_bytes().to_vec());
    let names = prop::collection::vec(prop_oneof![known, joined(PARTS, 6)], 1..8);
    let options = select(vec!["", "--gzip", "--when D", "--when D --gzip"]);
    fuzz(30, (names, options), |(names, options)| {
        let place = Place::fresh();
        let mut lines = Vec::new();
        for (number, name) in names.into_iter().enumerate() {
            let bad =
                name.is_empty() || name.len() > 200 || [&b"."[..], b".."].contains(&&name[..]);
            let name = OsString::from_vec(name);
            let path = place.dir().join(&name);
            if bad
                || name.as_bytes().contains(&0)
                || name.as_bytes().contains(&b'/')
                || path.exists()
            {
                continue;
            }
            let line = format!("line of file {number}\n");
            // Compressed files are empty: a loss of their lines would go unnoticed.
            if name.as_bytes().ends_with(b".gz") {
                fs::write(path, b"").expect("write a file");
            } else {
                fs::write(path, &line).expect("write a file");
                lines.push(line);
            }
        }
        let tee = |args: &str| Tee::new(&place).args(args).arg("app.log");
        let writer = format!("-q --max-bytes 1 --backups 9999 {options}");
        run(tee(&writer), b"a new line\n");
        for args in ["--status --count", "--read", "--repair --backups 9999"] {
            run(tee(args), b"");
        }
        run(tee(&writer), b"a new line\n");
        let entries =
            fs::read_dir(place.dir()).expect("list").map(|entry| entry.expect("an entry"));
        let mut left = Vec::new();
        for path in entries.map(|entry| entry.path()).filter(|path| path.is_file()) {
            let bytes = fs::read(&path).expect("read a file");
            let gz = path.as_os_str().as_bytes().ends_with(b".gz");
            left.extend(if gz { inflated(&bytes).unwrap_or_default() } else { bytes });
        }
        let left = String::from_utf8_lossy(&left);
        for line in lines {
            assert!(left.contains(&line), "{line} is lost: {left}");
        }
        assert_eq!(left.matches("a new line\n").count(), 2, "{left}");
    });
}

#[test]
fn files_of_compressed_blocks() {
    let damage = prop::collection::vec((any::<Index>(), any::<u8>()), 0..6);
    fuzz(8, (damage, any::<Option<Index>>()), |(damage, end)| {
        let place = Place::fresh();
        let append = |bytes: &[u8]| {
            let tee = Tee::new(&place).args("-q --gzip --max-bytes 2M --backups 50 app.log");
            tee.run(bytes).expect(0);
        };
        let lines = |name: &str| -> Vec<u8> {
            (0..40_000).flat_map(|n| format!("{name} {n:08} and more\n").into_bytes()).collect()
        };
        append(&lines("a"));
        let names = place.names();
        let private = names.iter().find(|name| name.starts_with(".__app.log."));
        let private = place.path(private.expect("a private file"));
        let mut bytes = fs::read(&private).expect("read the private file");
        // The index is at the end, so most of the damage is done there.
        let length = bytes.len();
        for (index, byte) in damage {
            let from = if byte % 4 == 0 { 0 } else { length - length.min(200) };
            bytes[from + index.index(length - from)] = byte;
        }
        if let Some(end) = end {
            bytes.truncate(end.index(length));
        }
        fs::write(&private, bytes).expect("write the private file");
        append(&lines("b"));
        append(&lines("c"));
        assert!(place.chain("app.log") == [lines("a"), lines("b"), lines("c")].concat());
        run(Tee::new(&place).args("--status --count app.log"), b"");
    });
}
