//! Processes that outlive the command and keep its output open.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{SOON, log, sh};
use crate::harness::{HeldLock, Place, until};

/// The warning when the program stops waiting for them.
const LEFT: &str = "clh-tee: warning: the command has ended, but something else holds its \
                    output open; that is not read any longer (--drain-timeout)\n";

/// Returns the process id in the log's first line.
fn pid_in_log(place: &Place) -> Pid {
    until(SOON, "the log has a line", || log(place).contains('\n'));
    let log = log(place);
    Pid::from_raw(log.lines().next().expect("a line").parse().expect("a process id"))
}

#[test]
#[ignore = "needs util-linux"]
fn a_daemon_holds_us_up_no_longer_than_asked() {
    let place = Place::fresh();
    let script = "setsid sleep 60 & echo $!; exit 3";
    let began = Instant::now();
    let mut tee = sh(&place, "-q --drain-timeout 700ms --markers", script).start();
    tee.until_childless();
    assert!(tee.alive(), "the time is not over");
    let ended = tee.finish();
    let took = began.elapsed();
    ended.expect(3);
    assert!((700..20_000).contains(&took.as_millis()), "{took:?}");
    assert_eq!(ended.stderr(), LEFT);
    let log = log(&place);
    let [start, daemon, end] = log.lines().collect::<Vec<_>>()[..] else { panic!("{log}") };
    assert!(start.contains("started") && end.contains("with status 3 after "), "{log}");
    let daemon = Pid::from_raw(daemon.parse().expect("a process id"));
    kill(daemon, Signal::SIGKILL).expect("the daemon still runs");
}

#[test]
#[ignore = "needs util-linux"]
fn a_daemon_that_holds_one_stream_and_writes_on_and_on() {
    let place = Place::fresh();
    let options = "-q --drain-timeout 300ms --max-bytes 1M --backups 1";
    let began = Instant::now();
    let ended = sh(&place, options, "setsid yes >&2 & echo one; exit 0").run(b"");
    ended.expect(0);
    assert!(began.elapsed() < SOON);
    assert_eq!(ended.stderr(), LEFT);
    assert!(place.chain("app.log").ends_with(b"\n"));
}

#[test]
fn last_words_of_others_are_waited_for() {
    let place = Place::fresh();
    let began = Instant::now();
    let ended = sh(&place, "-q", "(sleep 0.3; echo later) & echo at once; exit 4").run(b"");
    ended.expect(4);
    assert_eq!(ended.stderr(), "");
    assert!(began.elapsed() < Duration::from_secs(4), "not longer than they take");
    assert_eq!(log(&place), "at once\nlater\n");
}

#[test]
#[ignore = "needs util-linux"]
fn no_time_at_all_is_given_to_others_and_yet_all_of_its_own_words_are_in() {
    let place = Place::fresh();
    let held = HeldLock::take(&place.path(".__app.lock"));
    let torn = [b"b\n".as_slice(), &b"x".repeat(65_536)].concat();
    let rest = b"an ordinary line, neither long nor short, of fifty.\n".repeat(4400);
    place.write("torn", &torn);
    place.write("rest", &rest);
    let script = "setsid sleep 60 & echo $! >daemon; echo a; read line; cat torn rest; exit 3";
    let mut tee = sh(&place, "--drain-timeout 0 --buffer 1", script).start();
    // This line fills the queue, so the next one must wait, and nothing is read beyond the partial
    // line. The rest stays in the pipe; there is little room beside the partial line, so it takes
    // more than one read.
    tee.until_echoed(b"a\n");
    tee.feed(b"\n");
    tee.until_childless();
    assert!(tee.alive());
    drop(held);
    let ended = tee.end_within(SOON);
    ended.expect(3);
    assert_eq!(ended.stderr(), LEFT);
    assert!(place.read("app.log") == [b"a\n", torn.as_slice(), &rest].concat());
    let daemon = String::from_utf8(place.read("daemon")).expect("digits");
    let daemon = Pid::from_raw(daemon.trim().parse().expect("a process id"));
    kill(daemon, Signal::SIGKILL).expect("the daemon still runs");
}

#[test]
#[ignore = "needs util-linux"]
fn term_does_not_wait_for_others() {
    let place = Place::fresh();
    let script = "trap 'echo last words; exit 7' TERM; setsid sleep 60 & echo $!; wait";
    let tee = sh(&place, "-q --drain-timeout 60s", script).start();
    let daemon = pid_in_log(&place);
    tee.signal(Signal::SIGTERM);
    let ended = tee.end_within(SOON);
    ended.expect(7);
    assert_eq!(ended.stderr(), "");
    assert_eq!(log(&place), format!("{daemon}\nlast words\n"));
    kill(daemon, Signal::SIGKILL).expect("the daemon still runs");
}

#[test]
#[ignore = "needs util-linux"]
fn int_ends_the_wait_for_others() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        let place = Place::fresh();
        let script = "setsid sleep 60 & echo $!; exit 2";
        let tee = sh(&place, "-q --drain-timeout 60s", script).start();
        let daemon = pid_in_log(&place);
        tee.until_childless();
        tee.kill(signal);
        let ended = tee.end_within(SOON);
        ended.expect(2);
        assert_eq!(ended.stderr(), "");
        kill(daemon, Signal::SIGKILL).expect("the daemon still runs");
    }
}
