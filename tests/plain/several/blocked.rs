//! One log is blocked: the other logs go on as long as its queue has room, and a loss is reported
//! for this log.

use nix::sys::signal::Signal::{SIGTERM, SIGUSR2};

use super::{SOON, block, until_holds};
use crate::harness::{Place, Running, Tee, stays, until};

/// Starts the program with a blocked log, `b.log`, which gets the lines that begin with `b`.
fn start(place: &Place, option: &str, args: &str) -> Running {
    Tee::new(place).args("app.log").arg(option).args("^b b.log").args(args).start()
}

#[test]
fn the_others_go_on() {
    for option in ["--copy", "--divert"] {
        let place = Place::fresh();
        let held = block(&place, "b");
        let mut tee = start(&place, option, "");
        let mut wanted = String::new();
        for n in 0..20 {
            tee.feed(format!("a{n}\nb{n}\n").as_bytes());
            let copied = if option == "--copy" { format!("b{n}\n") } else { String::new() };
            wanted.push_str(&[format!("a{n}\n"), copied].concat());
            until_holds(&place, "app.log", &wanted);
        }
        assert!(!place.path("b.log").exists());
        drop(held);
        let all: Vec<String> = (0..20).map(|n| format!("b{n}\n")).collect();
        until_holds(&place, "b.log", &all.concat());
        tee.finish().expect_quiet_success();
    }
}

#[test]
fn a_rotation_of_all_does_not_wait_for_the_blocked_one() {
    let place = Place::fresh();
    let held = block(&place, "b");
    let mut tee = start(&place, "--divert", "--backups 3");
    tee.feed(b"a\nb\n");
    until_holds(&place, "app.log", "a\n");
    tee.signal(SIGUSR2);
    until_holds(&place, "app.log.1", "a\n");
    drop(held);
    until_holds(&place, "b.log.1", "b\n");
    tee.finish().expect_quiet_success();
}

#[test]
fn the_producer_waits_once_the_queue_is_full() {
    let place = Place::fresh();
    let held = block(&place, "b");
    let mut tee = start(&place, "--divert", "-q --buffer 64K");
    let (line, mut input) = ("b".repeat(999) + "\n", tee.take_input());
    // More than the queue, one read and the pipe hold.
    let lines = line.repeat(1000);
    let fed = std::thread::spawn(move || std::io::Write::write_all(&mut input, lines.as_bytes()));
    stays(SOON / 40, "it waits", || !fed.is_finished());
    drop(held);
    until(SOON, "all is fed", || fed.is_finished());
    fed.join().expect("a thread").expect("feed the program");
    tee.end_within(SOON).expect_quiet_success();
    assert_eq!(place.read("b.log").len(), 1_000_000);
}

#[test]
fn lines_are_dropped_if_asked_and_only_for_this_log() {
    let place = Place::fresh();
    let held = block(&place, "b");
    let mut tee = start(&place, "--divert", "-q --buffer 64K --overflow drop --stats");
    let lines = "b".repeat(999) + "\na\n";
    tee.feed(lines.repeat(1000).as_bytes());
    until_holds(&place, "app.log", &"a\n".repeat(1000));
    drop(held);
    let ended = tee.finish();
    ended.expect(1);
    let kept =
        place.read("b.log").split(|byte| *byte == b'\n').filter(|line| line.len() == 999).count();
    let (said, dropped) = (ended.stderr(), 1000 - kept);
    assert!(dropped > 500, "{dropped}");
    let wanted = format!("clh-tee: 'b.log': {dropped} lines dropped, the buffer was full");
    assert!(said.contains(&wanted), "{said}");
    assert!(
        !said.contains("'app.log': 1000 lines dropped") && said.contains("lines dropped: 0,"),
        "{said}"
    );
}

#[test]
fn term_ends_it_and_says_which_lines_are_lost() {
    let place = Place::fresh();
    let _held = block(&place, "b");
    let mut tee = start(&place, "--copy", "-q --drain-timeout 300ms");
    tee.feed(b"a1\nb1\n");
    until_holds(&place, "app.log", "a1\nb1\n");
    tee.feed(b"b2\ntorn");
    tee.signal(SIGTERM);
    let ended = tee.end_within(SOON);
    ended.expect(1);
    assert_eq!(
        ended.stderr(),
        "clh-tee: cannot append to 'b.log': its lock is held by another process; \
         2 lines lost, as follows\nb1\nb2\n"
    );
    assert_eq!(place.read("app.log"), b"a1\nb1\nb2\ntorn\n", "nothing of it is lost");
}

#[test]
fn term_with_a_full_queue_leaves_the_other_log_all_that_was_read() {
    let place = Place::fresh();
    let _held = block(&place, "b");
    let mut tee = start(&place, "--copy", "-q --buffer 64K --drain-timeout 300ms");
    let mut input = tee.take_input();
    let lines = (0..100_000).map(|n| format!("b{n:014}\n")).collect::<Vec<_>>().concat();
    let producer =
        std::thread::spawn(move || std::io::Write::write_all(&mut input, lines.as_bytes()).is_ok());
    until(SOON, "the log has some", || place.read("app.log").len() > 64 * 1024);
    tee.signal(SIGTERM);
    let ended = tee.end_within(SOON);
    ended.expect(1);
    assert!(!producer.join().expect("a producer"), "the pipe is closed");
    let log = place.read("app.log");
    let (message, lost) =
        ended.stderr().split_once('\n').map(|(a, b)| (a.len(), b.len())).expect("one");
    assert!(
        ended.err[message + 1..] == log,
        "{lost} bytes given up, {} in the other log",
        log.len()
    );
}

#[test]
fn the_limit_for_the_lock_ends_it_and_the_others_get_what_was_read() {
    let place = Place::fresh();
    let _held = block(&place, "b");
    let mut tee = start(&place, "--divert", "-q --lock-timeout 300ms");
    tee.feed(b"a1\nb1\na2\nb2\n");
    let ended = tee.end_within(SOON);
    ended.expect(1);
    assert_eq!(
        ended.stderr(),
        "clh-tee: cannot append to 'b.log': its lock has been held by others for 300ms; \
         2 lines lost, as follows\nb1\nb2\n"
    );
    assert_eq!(place.read("app.log"), b"a1\na2\n");
}

#[test]
fn two_blocked_logs_are_reported_each() {
    let place = Place::fresh();
    let _held = [block(&place, "b"), block(&place, "app")];
    let mut tee = start(&place, "--divert", "-q --lock-timeout 300ms");
    tee.feed(b"a\nb\n");
    let ended = tee.end_within(SOON);
    ended.expect(1);
    for (log, line) in [("app.log", "a"), ("b.log", "b")] {
        let end = format!("1 line lost, as follows\n{line}\n");
        let said = ended.stderr();
        let begin = said.find(&format!("cannot append to '{log}'")).expect("it is named");
        assert!(said[begin..].contains(&end), "{said}");
    }
}

#[test]
fn with_a_command_the_status_is_125() {
    let place = Place::fresh();
    let _held = block(&place, "b");
    let args = "-q --lock-timeout 300ms app.log --divert b b.log -- echo b";
    let ended = Tee::new(&place).args(args).run(b"");
    ended.expect(125);
    assert!(ended.stderr().ends_with("1 line lost, as follows\nb\n"), "{}", ended.stderr());
}

#[test]
fn killed_anywhere_it_costs_no_log_a_line_that_was_in() {
    let line = |n: usize| format!("{n:015}\n");
    let args = "-q --max-bytes 2K --backups 999 --gzip app.log --copy . b.log";
    for round in 0..8 {
        let place = Place::fresh();
        let mut tee = Tee::new(&place).args(args).start();
        let mut input = tee.take_input();
        let producer = std::thread::spawn(move || {
            let lines = (0..20_000).map(line).collect::<Vec<_>>().concat();
            // It ends when the program is killed.
            std::io::Write::write_all(&mut input, lines.as_bytes()).is_ok()
        });
        until(SOON, "some rotations", || place.backups("b.log").len() > 3 * round);
        tee.cut_down();
        producer.join().expect("a producer");
        // A slot may hold both forms of one backup now.
        let slots = |log: &str| {
            let mut slots = place.backups(log);
            slots.dedup_by(|one, other| {
                one.trim_end_matches(".gz") == other.trim_end_matches(".gz")
            });
            slots.len()
        };
        let seen = ["app.log", "b.log"].map(|log| slots(log) * 2048 / 16);
        Tee::new(&place).args(args).run(b"fresh\n").expect(0);
        for (log, seen) in ["app.log", "b.log"].into_iter().zip(seen) {
            let all = String::from_utf8(place.chain(log)).expect("text");
            let lines = all.strip_suffix("fresh\n").expect("the next one went on");
            let count = lines.len() / 16;
            let wanted = (0..=count).map(line).collect::<Vec<_>>().concat();
            // A kill in the middle of a write leaves a part of a line, which is ended.
            let whole = lines.strip_suffix('\n').unwrap_or(lines);
            assert!(wanted.starts_with(whole), "{log}: {count} lines");
            assert!(count >= seen, "{log}: {count} lines, and {seen} were in backups");
        }
    }
}
