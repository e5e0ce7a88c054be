//! INT and TERM, which end the program at once or after what is pending.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal::{SIGCONT, SIGINT, SIGSTOP, SIGTERM};

use super::{A_WHILE, SOON, held_up, in_mid_stream, until_in_log};
use crate::harness::{Place, Tee, python, stays, until};

#[test]
fn int_leaves_the_end_to_the_input() {
    let place = Place::fresh();
    let mut tee = in_mid_stream(&place, "");
    tee.signal(SIGINT);
    tee.feed(b"last words\n");
    until_in_log(&place, b"one\nlast words\n");
    stays(A_WHILE, "it runs", || tee.alive());
    tee.feed(b"torn");
    tee.finish().expect_quiet_success();
    assert_eq!(place.read("app.log"), b"one\nlast words\ntorn\n");
}

#[test]
fn int_twice_drains() {
    let place = Place::fresh();
    let mut tee = in_mid_stream(&place, "");
    tee.signal(SIGINT);
    tee.feed(b"two\ntorn");
    tee.until_echoed(b"one\ntwo\ntorn");
    tee.signal(SIGINT);
    tee.end_within(SOON).expect_quiet_success();
    assert_eq!(place.read("app.log"), b"one\ntwo\ntorn\n");
}

#[test]
fn int_while_the_lock_is_held() {
    let place = Place::fresh();
    let (mut tee, held) = held_up(&place, "", b"one\n");
    tee.signal(SIGINT);
    tee.feed(b"two\n");
    tee.until_echoed(b"one\ntwo\n");
    drop(held);
    until_in_log(&place, b"one\ntwo\n");
    tee.finish().expect_quiet_success();
}

#[test]
fn int_twice_while_the_lock_is_held() {
    let place = Place::fresh();
    let (mut tee, _held) = held_up(&place, "--drain-timeout 300ms", b"one\n");
    tee.signal(SIGINT);
    tee.feed(b"two\n");
    tee.until_echoed(b"one\ntwo\n");
    tee.signal(SIGINT);
    let ended = tee.end_within(SOON);
    ended.expect(1);
    assert!(ended.stderr().contains("2 lines"), "how many were lost");
}

/// Types a line at a terminal on which a shell runs `script`, with the program as `$0` and the log
/// as `$1`, and presses Ctrl-C; returns the exit status.
fn ctrl_c(place: &Place, script: &str) -> Option<i32> {
    let log = place.path("app.log");
    let mut command = python("terminal.py");
    command.arg(&log).args(["bash", "-c", script, env!("CARGO_BIN_EXE_clh-tee")]).arg(&log);
    let output = command.output().expect("start Python");
    print!("{}", String::from_utf8_lossy(&output.stderr));
    output.status.code()
}

#[test]
#[ignore = "needs python3"]
fn int_from_a_terminal_drains_and_kills() {
    let place = Place::fresh();
    assert_eq!(ctrl_c(&place, "exec \"$0\" \"$1\""), Some(130));
    assert_eq!(place.read("app.log"), b"typed\n");
    // In a pipeline the producer prints its last lines at the signal.
    let place = Place::fresh();
    let producer = "(trap 'echo last words; exit' INT; cat; sleep 20)";
    assert_eq!(ctrl_c(&place, &format!("{producer} | exec \"$0\" \"$1\"")), Some(130));
    assert_eq!(place.read("app.log"), b"typed\nlast words\n");
}

#[test]
#[ignore = "needs python3"]
fn int_from_a_terminal_ends_a_loop() {
    for run in ["cat | \"$0\" \"$1\"", "\"$0\" \"$1\" -- cat"] {
        let place = Place::fresh();
        let script = format!("for i in 1 2 3; do {run}; echo next >>\"$1.next\"; done");
        assert_eq!(ctrl_c(&place, &script), Some(130), "{run}");
        assert!(!place.path("app.log.next").exists(), "{run}");
    }
}

#[test]
fn what_was_ignored_stays_ignored() {
    for signal in [SIGINT, SIGTERM] {
        let place = Place::fresh();
        let name = signal.as_str().trim_start_matches("SIG");
        let script = format!("trap '' {name}; exec \"$0\" app.log");
        let tee = Tee::new(&place).program("sh").args("-c").arg(script);
        let mut tee = tee.arg(env!("CARGO_BIN_EXE_clh-tee")).start();
        tee.feed(b"one\n");
        until_in_log(&place, b"one\n");
        for line in ["two\n", "three\n"] {
            tee.signal(signal);
            tee.feed(line.as_bytes());
        }
        until_in_log(&place, b"one\ntwo\nthree\n");
        tee.finish().expect_quiet_success();
    }
}

#[test]
fn term_takes_what_the_pipe_holds() {
    let place = Place::fresh();
    let mut tee = in_mid_stream(&place, "-q");
    // A stopped program cannot read, so all of this is in the pipe when the signal comes.
    tee.kill(SIGSTOP);
    let mut rest = b"a line\n".repeat(8000);
    rest.extend(b"torn");
    tee.feed(&rest);
    tee.kill(SIGTERM);
    tee.kill(SIGCONT);
    tee.end_within(SOON).expect_quiet_success();
    let expected = [&b"one\n"[..], &rest, b"\n"].concat();
    assert!(place.read("app.log") == expected, "all that the pipe held is in");
}

#[test]
fn term_ends_it_while_the_producer_goes_on() {
    let place = Place::fresh();
    let options = "-q --max-bytes 1M --backups 3 --drain-timeout 300ms app.log";
    let mut tee = Tee::new(&place).args(options).start();
    let mut input = tee.take_input();
    let producer = thread::spawn(move || {
        let mut n = 0_u64;
        while writeln!(input, "{n:07}").is_ok() {
            n += 1;
        }
    });
    until(SOON, "a backup", || place.path("app.log.1").exists());
    tee.signal(SIGTERM);
    tee.end_within(Duration::from_secs(3)).expect_quiet_success();
    producer.join().expect("the producer");

    let chain = String::from_utf8(place.chain("app.log")).expect("digits");
    assert!(chain.ends_with('\n'), "the last line is ended");
    let mut lines: Vec<&str> = chain.lines().collect();
    let last = lines.pop().expect("a line");
    let first: usize = lines[0].parse().expect("a number");
    for (i, line) in lines.iter().enumerate() {
        assert_eq!(*line, format!("{:07}", first + i));
    }
    // The end of the pipe may have cut the producer's last line.
    assert!(format!("{:07}", first + lines.len()).starts_with(last), "{last}");
    let mut names = place.names();
    names.retain(|n| !n.starts_with("app.log."));
    assert_eq!(names, [".__app.lock", "app.log"]);
}

#[test]
fn term_while_the_lock_is_held_and_soon_let_go() {
    let place = Place::fresh();
    let (mut tee, held) = held_up(&place, "", b"one\ntorn");
    tee.signal(SIGTERM);
    stays(A_WHILE, "it waits for the lock", || tee.alive());
    drop(held);
    tee.end_within(SOON).expect_quiet_success();
    assert_eq!(place.read("app.log"), b"one\ntorn\n");
}

#[test]
fn term_while_the_lock_is_held_for_ever() {
    let place = Place::fresh();
    let (tee, _held) = held_up(&place, "--drain-timeout 1s", b"one\ntwo\ntorn");
    let start = Instant::now();
    tee.signal(SIGTERM);
    let ended = tee.end_within(SOON);
    let took = start.elapsed();
    ended.expect(1);
    assert!((800..4000).contains(&took.as_millis()), "took {took:?}");
    let stderr = ended.stderr();
    assert!(stderr.contains("3 lines"), "how many were lost");
    assert!(stderr.contains("one\ntwo\ntorn\n"), "the lines themselves");
    assert_eq!(place.read("app.log"), b"");
}

#[test]
fn second_term_ends_it_at_once() {
    let place = Place::fresh();
    let (mut tee, _held) = held_up(&place, "--drain-timeout 60s", b"one\n");
    tee.signal(SIGTERM);
    stays(A_WHILE, "one is not enough", || tee.alive());
    let start = Instant::now();
    tee.kill(SIGTERM);
    let ended = tee.end_within(SOON);
    assert!(start.elapsed() < SOON, "at once");
    ended.expect(1);
    assert!(ended.stderr().contains("1 line"), "how many were lost");
    assert!(ended.stderr().contains("one\n"), "the line itself");
}
