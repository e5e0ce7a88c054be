//! At the process's file size limit, which exists on every system. That file will never have room:
//! the program rotates it. If it cannot, it writes the rest to standard error when the input ends.

use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::{LINES, SOON, chain, expect_given_up, expect_said, numbers, produce, until_said};
use crate::harness::{Place, Running, Tee, until};

/// The beginning of the warning.
const BEGINS: &str = "cannot append to 'logs/app.log': File too large";
const ENDS: &str = "appending to 'logs/app.log' works again; no lines lost";

/// Starts the program with a file size limit of 100 000 bytes, which is not a multiple of a line's
/// length.
fn start(place: &Place, args: &str) -> Running {
    std::fs::create_dir(place.path("logs")).expect("make a directory");
    let tee = Tee::new(place).args("-q").args(args).args("logs/app.log").start();
    limit(&tee, "100000");
    tee
}

/// Changes the file size limit of a running program.
fn limit(tee: &Running, bytes: &str) {
    let status = Command::new("prlimit")
        .args(["--pid", &tee.pid().to_string(), &format!("--fsize={bytes}:unlimited")])
        .status()
        .expect("this test needs prlimit");
    assert!(status.success(), "prlimit: {status}");
}

#[test]
#[ignore = "needs util-linux"]
fn reached_then_lifted() {
    let place = Place::fresh();
    let mut tee = start(&place, "--backups 0 --buffer 64K");
    let producer = produce(tee.take_input(), "line", 0, LINES);
    until_said(&tee, BEGINS);
    limit(&tee, "unlimited");
    drop(producer.join().expect("a producer"));
    let ended = tee.finish();
    ended.expect(0);
    let chain = chain(&place.path("logs"));
    assert_eq!(numbers(&chain.concat(), "line"), (0..LINES).collect::<Vec<_>>());
    expect_said(&ended.stderr(), BEGINS, 1);
    expect_said(&ended.stderr(), ENDS, 1);
}

#[test]
#[ignore = "needs util-linux"]
fn reached_for_good() {
    let place = Place::fresh();
    let mut tee = start(&place, "--backups 0 --drain-timeout 0 --buffer 128K");
    let producer = produce(tee.take_input(), "line", 0, LINES);
    until_said(&tee, BEGINS);
    let told = Instant::now();
    tee.signal(Signal::SIGTERM);
    let ended = tee.end_within(SOON);
    ended.expect(1);
    assert!(told.elapsed() < Duration::from_secs(4), "it took {:?}", told.elapsed());
    drop(producer.join().expect("a producer"));
    let (is_in, given_up) = expect_given_up(&chain(&place.path("logs")), &ended, "line");
    // A partial line was removed.
    assert_eq!(is_in, 100_000 / super::LINE);
    assert!(given_up > 0);
}

#[test]
#[ignore = "needs util-linux"]
fn a_second_term_ends_it_at_once() {
    let place = Place::fresh();
    let mut tee = start(&place, "--backups 0 --drain-timeout 1h");
    let producer = produce(tee.take_input(), "line", 0, 3000);
    until_said(&tee, BEGINS);
    tee.signal(Signal::SIGTERM);
    // Two signals before the program looks count as one.
    until(Duration::from_secs(4), "another TERM ends it", || {
        tee.kill(Signal::SIGTERM);
        !tee.alive()
    });
    let ended = tee.end_within(SOON);
    ended.expect(1);
    drop(producer.join().expect("a producer"));
    let (is_in, given_up) = expect_given_up(&chain(&place.path("logs")), &ended, "line");
    assert_eq!(is_in + given_up, 3000);
}

#[test]
#[ignore = "needs util-linux"]
fn the_log_is_rotated_there_with_one_warning() {
    for args in ["", "--max-bytes 1M", "--gzip --max-bytes 1M", "--sync batch"] {
        let place = Place::fresh();
        let mut tee = start(&place, &format!("--backups 30 {args}"));
        let producer = produce(tee.take_input(), "line", 0, LINES);
        drop(producer.join().expect("a producer"));
        let ended = tee.finish();
        ended.expect(0);
        let chain = chain(&place.path("logs"));
        assert_eq!(numbers(&chain.concat(), "line"), (0..LINES).collect::<Vec<_>>());
        assert!(chain.iter().all(|generation| generation.len() <= 100_000));
        let told = "clh-tee: warning: 'logs/app.log' rotates at 97.6K, the file-size limit \
                    (ulimit -f), which is below --max-bytes\n";
        assert_eq!(ended.stderr(), told, "{args}");
    }
}

#[test]
#[ignore = "needs util-linux"]
fn lines_for_which_there_will_be_no_room_are_given_up_when_the_input_ends() {
    for blocked in [false, true] {
        let place = Place::fresh();
        let mut tee = start(&place, if blocked { "" } else { "--backups 0" });
        if blocked {
            std::fs::create_dir(place.path("logs/app.log.1")).expect("make a directory");
        }
        let producer = produce(tee.take_input(), "line", 0, LINES);
        drop(producer.join().expect("a producer"));
        let ended = tee.end_within(SOON);
        ended.expect(1);
        if blocked {
            std::fs::remove_dir(place.path("logs/app.log.1")).expect("remove it");
        }
        let (is_in, given_up) = expect_given_up(&chain(&place.path("logs")), &ended, "line");
        assert_eq!(is_in + given_up, LINES);
        assert_eq!(is_in, 100_000 / super::LINE);
    }
}

#[test]
#[ignore = "needs util-linux"]
fn a_rotation_on_request_is_not_killed_by_it() {
    let place = Place::fresh();
    let lines: Vec<u8> = (0..LINES).flat_map(|n| super::line("line", n).into_bytes()).collect();
    place.write("app.log", &lines);
    let prlimit = Tee::new(&place).program("prlimit").args("--fsize=8192");
    let prlimit = prlimit.arg(env!("CARGO_BIN_EXE_clh-tee"));
    let ended = prlimit.args("--rotate --gzip app.log").run(b"");
    ended.expect(0);
    let told = "cannot compress 'app.log': File too large; backups stay plain";
    expect_said(&ended.stderr(), told, 1);
    assert_eq!(place.names(), [".__app.lock", "app.log", "app.log.1"]);
    assert_eq!(place.read("app.log.1"), lines);
}

/// A quota is a full disk.
#[test]
#[ignore = "needs strace"]
fn a_quota_that_is_used_up_is_waited_for() {
    let place = Place::fresh();
    place.write("app.log", b"");
    let strace = Tee::new(&place).program("strace").args("-f -qq -o /dev/null -P app.log -e");
    let strace = strace.arg("inject=write:error=EDQUOT:when=1..3");
    let ended = strace.arg(env!("CARGO_BIN_EXE_clh-tee")).args("-q app.log").run(b"one\n");
    ended.expect(0);
    expect_said(&ended.stderr(), "cannot append to 'app.log': Disk quota exceeded", 1);
    assert_eq!(place.read("app.log"), b"one\n");
}
