//! A command's streams: what it reads, and how its two outputs become one log and two copies.

use std::fs;
use std::time::{Duration, Instant};

use super::{A_WHILE, SOON, command, log, sh};
use crate::harness::{HeldLock, Place, stays, until};

/// The maximum resident memory in KiB.
const MOST: u64 = 32 * 1024;

#[test]
fn each_is_copied_to_ours() {
    let place = Place::fresh();
    let ended = sh(&place, "", "echo out; echo err >&2").run(b"");
    ended.expect(0);
    assert_eq!((ended.out.as_slice(), ended.err.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
    let place = Place::fresh();
    sh(&place, "-q", "echo out; echo err >&2").run(b"").expect_quiet_success();
    assert_eq!(place.read("app.log").len(), 8);
}

#[test]
fn they_are_raw() {
    let place = Place::fresh();
    let ended =
        sh(&place, "", r"printf '\033[1m\n' >&2; sleep 0.1; printf 'a\0\r\nb\377'").run(b"");
    ended.expect(0);
    assert_eq!(ended.err, b"\x1b[1m\n");
    assert_eq!(ended.out, b"a\0\r\nb\xff");
    assert_eq!(place.read("app.log"), b"\x1b[1m\na\0\r\nb\xff\n", "a torn line is ended");
}

#[test]
fn lines_go_in_whole_and_in_the_order_in_which_they_come() {
    let place = Place::fresh();
    // Each line waits until the one before is in the log.
    let script = "n=0; put() { until [ $(wc -l <app.log) = $n ]; do sleep 0.01; done; n=$((n+1)); }
        : >app.log
        printf 'to'
        for i in 1 2 3; do put; echo err $i >&2; put; echo out $i; done; put; printf torn >&2";
    let ended = sh(&place, "", script).run(b"");
    ended.expect(0);
    let expected = "err 1\ntoout 1\nerr 2\nout 2\nerr 3\nout 3\ntorn\n";
    assert_eq!(log(&place), expected);
    assert_eq!(ended.out, b"toout 1\nout 2\nout 3\n");
    assert_eq!(ended.err, b"err 1\nerr 2\nerr 3\ntorn");
}

#[test]
fn its_standard_input_is_ours() {
    let place = Place::fresh();
    command(&place, "-q", "cat").run(b"one\ntwo\n").expect_quiet_success();
    assert_eq!(log(&place), "one\ntwo\n");
    // What the command does not read stays for others.
    let (reader, mut writer) = std::io::pipe().expect("make a pipe");
    std::io::Write::write_all(&mut writer, b"a line\nand another\n").expect("fill it");
    drop(writer);
    let tee =
        sh(&place, "-q", "read line; echo read: $line").stdin(reader.try_clone().expect("copy"));
    tee.start().end_within(SOON).expect_quiet_success();
    assert_eq!(std::io::read_to_string(reader).expect("read it"), "and another\n");
}

#[test]
fn one_that_closes_a_stream_and_goes_on() {
    for closing in ["exec >&-", "exec 2>&-", "exec >&- 2>&-"] {
        let place = Place::fresh();
        let script = format!("echo one; {closing}; read line; exit 6");
        let mut tee = sh(&place, "-q", &script).start();
        until(SOON, "the line is in", || log(&place) == "one\n");
        stays(A_WHILE, "it runs", || tee.alive());
        tee.finish().expect(6);
    }
}

#[test]
fn nobody_reads_its_output_but_the_log() {
    let place = Place::fresh();
    let script = "for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; sleep 0.05; done; exit 3";
    sh(&place, "", script).unheard().run(b"").expect(3);
    assert_eq!(log(&place).lines().count(), 10);
}

#[test]
fn a_hundred_megabytes_on_each() {
    let (place, count) = (Place::fresh(), 11_000_000_u64);
    let (out, err) = (10_000_000, 50_000_000);
    let seq = |from: u64| format!("seq {from} {}", from + count - 1);
    let script = format!("{} & {} >&2; wait; read line; exit 3", seq(out), seq(err));
    let mut tee = sh(&place, "-q --stats", &script).start();
    let size = count * 2 * 9;
    until(Duration::from_secs(60), "all is in the log", || {
        fs::metadata(place.path("app.log")).is_ok_and(|data| data.len() == size)
    });
    assert!(tee.peak_memory() < MOST, "{} KiB were resident", tee.peak_memory());
    tee.feed(b"\n");
    let ended = tee.finish();
    ended.expect(3);
    assert!(ended.stderr().contains(&format!("lines: {}", count * 2)), "{}", ended.stderr());
    let (mut next_out, mut next_err) = (out, err);
    for line in place.read("app.log").chunks_exact(9) {
        let number = line[..8].iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0'));
        let next = if number < err { &mut next_out } else { &mut next_err };
        assert!(number == *next && line[8] == b'\n', "{next} comes after {number}");
        *next += 1;
    }
    assert_eq!((next_out, next_err), (out + count, err + count));
}

#[test]
fn it_waits_while_the_queue_is_full() {
    let place = Place::fresh();
    let held = HeldLock::take(&place.path(".__app.lock"));
    let script = "seq 10000000 15999999 & seq 10000000 15999999 >&2; wait; : >written; read line";
    let tee = sh(&place, "-q --buffer 1M", script).start();
    let written = place.path("written");
    let began = Instant::now();
    until(SOON, "a while passes", || began.elapsed() > Duration::from_secs(1));
    assert!(!written.exists(), "the command waits");
    assert!(tee.peak_memory() < MOST, "{} KiB were resident", tee.peak_memory());
    drop(held);
    until(SOON, "the command goes on", || written.exists());
    tee.finish().expect(1);
    assert_eq!(place.read("app.log").len(), 2 * 9 * 6_000_000);
}
