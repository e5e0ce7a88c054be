//! `--quiet-ok`: a command's output is shown only if it fails.

use std::fs;
use std::time::Duration;

use nix::sys::signal::Signal::SIGTERM;

use super::{SOON, command, log, seq, sh};
use crate::harness::{Place, until};

#[test]
fn success_shows_nothing() {
    for options in ["--quiet-ok", "--quiet-ok -q", "--quiet-ok --markers"] {
        let place = Place::fresh();
        let ended = sh(&place, options, "echo out; echo err >&2; printf torn").run(b"");
        ended.expect_quiet_success();
        assert_eq!(ended.out, b"", "{options}");
        assert!(log(&place).contains("out\n") && log(&place).contains("torn\n"));
    }
}

#[test]
fn failure_shows_all() {
    for options in ["--quiet-ok", "--quiet-ok -q"] {
        for (end, status) in [("exit 1", Some(1)), ("kill -KILL $$", None)] {
            let place = Place::fresh();
            let script = format!("echo out; echo err >&2; printf torn; {end}");
            let ended = sh(&place, options, &script).run(b"");
            assert_eq!(ended.status.code(), status);
            assert_eq!(ended.out, b"out\ntorn", "{options}");
            assert_eq!(ended.stderr(), "err\n", "{options}");
        }
    }
}

#[test]
fn it_is_shown_in_the_order_in_which_it_came() {
    let place = Place::fresh();
    let program = env!("CARGO_BIN_EXE_clh-tee");
    let script =
        "for i in 1 2 3; do echo out $i; sleep 0.1; echo err $i >&2; sleep 0.1; done; exit 1";
    let line = format!("{program} app.log --quiet-ok -- sh -c '{script}' 2>&1");
    let output =
        std::process::Command::new("sh").args(["-c", &line]).current_dir(place.dir()).output();
    let shown = String::from_utf8(output.expect("run sh").stdout).expect("UTF-8");
    assert_eq!(shown, "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n");
    assert_eq!(shown, log(&place));
}

#[test]
fn one_that_cannot_be_run_has_shown_nothing() {
    let place = Place::fresh();
    let ended = command(&place, "--quiet-ok", "no-such-command").run(b"");
    ended.expect(127);
    assert_eq!(ended.out, b"");
    assert_eq!(ended.stderr().lines().count(), 1);
}

/// Prints 9.6 MB on each stream, waits for a line, and ends with that number as its status.
const LOUD: &str = "seq 1000000 2199999 & seq 3000000 4199999 >&2; wait; read status; exit $status";

#[test]
fn much_is_kept_back_in_little_memory() {
    for (status, size) in [(0, 0), (1, 9_600_000)] {
        let place = Place::fresh();
        fs::create_dir(place.path("tmp")).expect("make a directory");
        let tmp = place.path("tmp");
        let mut tee = sh(&place, "-q --quiet-ok", LOUD).env("TMPDIR", &tmp).start();
        until(Duration::from_secs(30), "all is in", || place.read("app.log").len() == 19_200_000);
        assert!(tee.peak_memory() < 16 * 1024, "{} KiB were resident", tee.peak_memory());
        assert_eq!(fs::read_dir(&tmp).expect("list it").count(), 0, "its file has no name");
        tee.feed(format!("{status}\n").as_bytes());
        let ended = tee.finish();
        ended.expect(status);
        assert_eq!((ended.out.len(), ended.err.len()), (size, size));
        if status > 0 {
            assert!(ended.out == seq(1_000_000..2_200_000).into_bytes());
            assert!(ended.err == seq(3_000_000..4_200_000).into_bytes());
        }
    }
}

#[test]
fn what_cannot_be_kept_back_is_shown() {
    let place = Place::fresh();
    let mut tee = sh(&place, "--quiet-ok", LOUD).env("TMPDIR", place.path("missing")).start();
    tee.feed(b"0\n");
    let ended = tee.finish();
    ended.expect(0);
    let stderr = ended.stderr();
    let warning =
        "clh-tee: warning: cannot keep the output back: No such file or directory; it is shown\n";
    assert!(stderr.contains(warning));
    assert!(ended.out == seq(1_000_000..2_200_000).into_bytes());
    assert!(stderr.replace(warning, "") == seq(3_000_000..4_200_000));
    assert_eq!(place.read("app.log").len(), 19_200_000);
}

#[test]
fn what_fits_into_a_file_in_part_is_shown_whole() {
    let place = Place::fresh();
    // The limit counts blocks of 512 bytes: about three of 19 megabytes.
    let line = format!(
        "ulimit -f 6000; exec {} /dev/null --quiet-ok -- sh -c '{LOUD}'",
        env!("CARGO_BIN_EXE_clh-tee")
    );
    let mut shell = std::process::Command::new("sh");
    let output = shell.args(["-c", &line]).env("TMPDIR", place.dir()).output().expect("run sh");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    let warning = "clh-tee: warning: cannot keep the output back: File too large; it is shown\n";
    assert!(stderr.contains(warning));
    assert!(output.stdout == seq(1_000_000..2_200_000).into_bytes());
    assert!(stderr.replace(warning, "") == seq(3_000_000..4_200_000));
}

#[test]
fn term_ends_it_while_nobody_takes_what_is_shown() {
    let place = Place::fresh();
    let (_reader, writer) = std::io::pipe().expect("make a pipe");
    let program = env!("CARGO_BIN_EXE_clh-tee");
    let mut tee = std::process::Command::new(program)
        .args(["app.log", "--quiet-ok", "--drain-timeout", "200ms", "--", "sh", "-c"])
        .arg("seq 1000000 2199999; exit 3")
        .current_dir(place.dir())
        .stdout(writer)
        .spawn()
        .expect("start the program");
    let pid = nix::unistd::Pid::from_raw(tee.id().try_into().expect("a process id"));
    let children = format!("/proc/{pid}/task/{pid}/children");
    until(SOON, "all is in", || place.read("app.log").len() == 9_600_000);
    until(SOON, "the command has ended", || {
        fs::read_to_string(&children).is_ok_and(|c| c.is_empty())
    });
    assert!(tee.try_wait().expect("ask for the status").is_none(), "it waits for who reads");
    nix::sys::signal::kill(pid, SIGTERM).expect("send a signal");
    let mut status = None;
    until(SOON, "it ends", || {
        status = tee.try_wait().expect("ask for the status");
        status.is_some()
    });
    assert_eq!(status.and_then(|status| status.code()), Some(3));
}
