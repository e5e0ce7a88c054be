//! How a command ends, or fails to start: exit statuses, and notes in the log.

use std::fs;
use std::time::Duration;

use super::{SOON, command, log, seq, sh};
use crate::harness::{HeldLock, Place, Tee, until};

#[test]
fn its_status_is_ours() {
    for status in [0, 1, 2, 37, 125, 255] {
        let place = Place::fresh();
        let ended = sh(&place, "-q", &format!("echo one; exit {status}")).run(b"");
        ended.expect(status);
        assert_eq!(ended.stderr(), "");
        assert_eq!(log(&place), "one\n");
    }
}

#[test]
fn one_that_is_killed() {
    for (signal, number) in [("TERM", 15), ("KILL", 9), ("ABRT", 6), ("PIPE", 13), ("41", 41)] {
        let place = Place::fresh();
        let script = format!("ulimit -c unlimited; echo one; kill -{signal} $$");
        let ended = sh(&place, "-q --markers", &script).run(b"");
        ended.expect_killed_by(number);
        let name = if number < 32 { format!(" (SIG{signal})") } else { String::new() };
        let (log, how) = (log(&place), format!("', killed by signal {number}{name}, after "));
        assert!(log.lines().last().is_some_and(|line| line.contains(&how)), "{log}");
        // A plain status stays one, even if shells use it for a signal.
        sh(&place, "-q", &format!("exit {}", 128 + number)).run(b"").expect(128 + number);
    }
}

#[test]
fn one_that_is_killed_and_lines_are_lost() {
    let place = Place::fresh();
    let _held = HeldLock::take(&place.path(".__app.lock"));
    sh(&place, "-q --lock-timeout 100ms", "echo one; sleep 1; kill $$").run(b"").expect(125);
}

#[test]
fn one_that_is_not_there() {
    let place = Place::fresh();
    let short = |tee: Tee| tee.env("PATH", "/usr/bin:/bin").run(b"");
    let ended = short(command(&place, "", "no-such-command --option"));
    ended.expect(127);
    let told = "clh-tee: cannot run 'no-such-command --option': No such file or directory in \
                PATH=/usr/bin:/bin\n";
    assert_eq!(ended.stderr(), told);
    assert_eq!(place.names(), [""; 0], "nothing was made");
    let ended = short(command(&place, "--markers", "no-such-command --option"));
    ended.expect(127);
    assert_eq!(log(&place), told, "the log tells of it too, and of no start");
}

#[test]
fn one_that_is_meant_for_a_shell() {
    let place = Place::fresh();
    let told = |args: &[&str]| {
        let tee = args.iter().fold(Tee::new(&place).args("app.log --"), |tee, arg| tee.arg(*arg));
        let ended = tee.run(b"");
        ended.expect(127).stderr()
    };
    for args in [&["echo hi | cat"][..], &["FOO=1", "ls"], &["cd", "/tmp"], &["./a&&./b"]] {
        let said = told(args);
        assert!(said.ends_with("directory; no shell reads this: use -- sh -c '...'\n"), "{said}");
    }
    assert!(told(&["./gone"]).ends_with("cannot run './gone': No such file or directory\n"));
}

#[test]
fn one_that_cannot_be_run() {
    let place = Place::fresh();
    place.write("file", b"no program\n");
    let ended = command(&place, "", "./file").run(b"");
    ended.expect(126);
    assert_eq!(ended.stderr(), "clh-tee: cannot run './file': Permission denied\n");
    command(&place, "", ".").run(b"").expect(126);
}

#[test]
fn a_script_without_an_interpreter_is_run_by_sh() {
    let place = Place::fresh();
    fs::create_dir(place.path("bin")).expect("make a directory");
    place.write("bin/script", b"echo \"$0 $1\"; exit 4\n");
    place.set_mode("bin/script", 0o755);
    command(&place, "-q", "bin/script one").run(b"").expect(4);
    assert_eq!(log(&place), "bin/script one\n");
    let bin = place.path("bin");
    let path = format!("/dev/null/none:{}:/usr/bin:/bin", bin.display());
    command(&place, "-q", "script two").env("PATH", path).run(b"").expect(4);
    assert_eq!(log(&place), format!("bin/script one\n{}/script two\n", bin.display()));
}

#[test]
fn the_log_cannot_be_opened() {
    let place = Place::fresh();
    let run = |options: &str| {
        let tee = Tee::new(&place).args(options).args("no/such.log -- sh -c");
        tee.arg("echo out; echo err >&2; touch has-run; exit 5").run(b"")
    };
    let ended = run("");
    ended.expect(125);
    let stderr = ended.stderr();
    assert!(stderr.starts_with("clh-tee: cannot create 'no/such.log': "), "{stderr}");
    assert!(
        stderr.contains("; --mkdir makes its directory; not running the command ("),
        "{stderr}"
    );
    assert_eq!(place.names(), [""; 0], "it is not run");

    for options in ["--keep-going", "--keep-going -q", "--keep-going --quiet-ok --markers"] {
        let ended = run(options);
        ended.expect(5);
        assert_eq!(ended.out, b"out\n", "{options}");
        let stderr = ended.stderr();
        let (warning, rest) = stderr.split_once('\n').expect("a line");
        assert!(warning.starts_with("clh-tee: warning: cannot create 'no/such.log': "));
        assert!(warning.ends_with("; running the command without it"), "{warning}");
        assert_eq!(rest, "err\n", "{options}");
        assert_eq!(place.names(), ["has-run"], "it is run");
    }
}

#[test]
fn lines_are_lost() {
    let place = Place::fresh();
    let _held = HeldLock::take(&place.path(".__app.lock"));
    let script = "echo out; echo err >&2; sleep 1; exit 3";
    let ended = sh(&place, "-q --lock-timeout 300ms --quiet-ok", script).run(b"");
    ended.expect(125);
    let stderr = ended.stderr();
    assert!(stderr.contains("'app.log': its lock has been held by others for 300ms; 2 lines lost"));
    assert!(stderr.ends_with("as follows\nout\nerr\n"), "{stderr}");
    assert_eq!(ended.out, b"out\n", "what was kept back is shown too");
}

#[test]
fn lines_are_dropped() {
    let place = Place::fresh();
    let held = HeldLock::take(&place.path(".__app.lock"));
    let options = "-q --overflow drop --buffer 1K --quiet-ok";
    // More than one read takes, because the first batch always fits.
    let tee = sh(&place, options, "seq 200000; : >over").start();
    until(SOON, "the command has written all", || place.path("over").exists());
    tee.until_childless();
    drop(held);
    let ended = tee.finish();
    ended.expect(125);
    assert!(ended.stderr().ends_with("dropped, the buffer was full (--overflow, --buffer)\n"));
    assert!(ended.out == seq(1..=200_000).into_bytes(), "all is shown");
}

#[test]
fn start_and_end_are_noted() {
    let place = Place::fresh();
    let ended = sh(&place, "--markers", "echo $$; sleep 0.2; printf torn; exit 3").run(b"");
    ended.expect(3);
    let log = log(&place);
    let lines: Vec<&str> = log.lines().collect();
    let &[start, pid, torn, end] = lines.as_slice() else { panic!("four lines: {log}") };
    let shown = "'sh -c echo $$; sleep 0.2; printf torn; exit 3'";
    assert_eq!(start, format!("clh-tee: started {shown} (pid {pid})"));
    assert_eq!(torn, "torn");
    let end = end.strip_prefix(&format!("clh-tee: ended {shown} with status 3 after "));
    let took = end.and_then(|end| end.strip_suffix(" s")).expect("how long it took");
    let took = Duration::from_secs_f64(took.parse().expect("a number"));
    assert!((200..20_000).contains(&took.as_millis()), "{took:?}");
    assert_eq!(ended.out, format!("{pid}\ntorn").as_bytes(), "the echo has none of it");
}

#[test]
fn start_and_end_are_noted_of_one_that_says_nothing() {
    let place = Place::fresh();
    command(&place, "--markers", "true").run(b"").expect_quiet_success();
    let log = log(&place);
    let lines: Vec<&str> = log.lines().collect();
    let &[start, end] = lines.as_slice() else { panic!("two lines: {log}") };
    assert!(start.starts_with("clh-tee: started 'true' (pid "), "{start}");
    assert!(end.starts_with("clh-tee: ended 'true' with status 0 after "), "{end}");
}

#[test]
fn wrong_usage() {
    let refused = |args: &str, hint: &str| {
        let place = Place::fresh();
        let ended = Tee::new(&place).args(args).run(b"");
        ended.expect(2);
        assert!(ended.stderr().contains(hint), "{}", ended.stderr());
        assert_eq!(place.names(), [""; 0], "nothing was made");
    };
    refused("app.log --", "a command is missing after '--'");
    refused("--quiet-ok app.log", "COMMAND");
    refused("--keep-going app.log", "COMMAND");
    refused("--markers app.log", "COMMAND");
    refused("-- touch file", "LOG");
    refused("--drain-timeout soon app.log -- touch file", "--drain-timeout");
}

#[test]
fn the_log_is_an_output_too() {
    let place = Place::fresh();
    place.write("app.log", b"one\n");
    let program = env!("CARGO_BIN_EXE_clh-tee");
    let run = |redirected: &str| {
        let dir = place.path(".");
        let shell = format!("cd {}; {program} app.log {redirected}", dir.display());
        std::process::Command::new("sh").args(["-c", &shell]).output().expect("run sh")
    };
    for redirected in ["-- touch ran >>app.log", "-- touch ran 2>>app.log", "-- touch ran <app.log"]
    {
        assert_eq!(run(redirected).status.code(), Some(125), "{redirected}");
    }
    assert_eq!(place.names(), ["app.log"], "it is not run");
    assert_eq!(run("-q -- touch ran >>app.log").status.code(), Some(0));
    assert_eq!(place.names(), ["app.log", "ran"]);
}
