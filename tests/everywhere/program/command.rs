//! COMMAND: its lines, its input, its exit status, and the message if it cannot be run.

use std::fs;

use crate::harness::{Place, Tee};

/// The platform's shell, and its option for a script.
const SHELL: &str = if cfg!(windows) { "cmd /c" } else { "sh -c" };

/// Returns a run that appends what `script` prints; both shells understand it.
fn shell(place: &Place, options: &str, script: &str) -> Tee {
    Tee::new(place).args("-q").args(options).args("app.log --").args(SHELL).arg(script)
}

/// Returns a run that appends what a command prints.
fn command(place: &Place, command: &str) -> Tee {
    Tee::new(place).args("-q app.log --").args(command)
}

/// Returns the lines of the log without their ends, which depend on the shell.
fn lines(place: &Place) -> Vec<String> {
    let log = String::from_utf8(place.read("app.log")).expect("UTF-8");
    log.lines().map(str::to_owned).collect()
}

#[test]
fn its_lines_are_in_and_its_status_is_ours() {
    for status in [0, 1, 2, 37, 125, 255] {
        let place = Place::fresh();
        let script = format!("echo one&& echo two&& exit {status}");
        let ended = shell(&place, "", &script).run(b"");
        ended.expect(status);
        assert_eq!(ended.stderr(), "");
        assert_eq!(lines(&place), ["one", "two"]);
    }
}

#[test]
fn its_errors_are_in_too() {
    let place = Place::fresh();
    shell(&place, "", "echo one>&2").run(b"").expect(0);
    assert_eq!(lines(&place), ["one"]);
}

#[test]
fn its_input_is_ours() {
    let place = Place::fresh();
    // The one filter that exists on every platform.
    let filter = env!("CARGO_BIN_EXE_clh-tee");
    let run = Tee::new(&place).args("-q app.log --").arg(filter).arg("inner.log");
    run.run(b"one\r\ntwo\n").expect_quiet_success();
    assert_eq!(place.read("app.log"), b"one\r\ntwo\n");
    assert_eq!(place.read("inner.log"), b"one\r\ntwo\n");
}

#[test]
fn it_rotates() {
    let place = Place::fresh();
    let script = "echo one&& echo two&& echo three";
    shell(&place, "--max-bytes 1 --backups 5", script).run(b"").expect_quiet_success();
    let all = String::from_utf8(place.chain("app.log")).expect("UTF-8");
    assert_eq!(all.lines().collect::<Vec<_>>(), ["one", "two", "three"]);
    assert_eq!(place.backups("app.log"), ["app.log.2", "app.log.1"]);
}

#[test]
fn one_that_is_not_there() {
    let place = Place::fresh();
    let ended = command(&place, "no-such-command --option").run(b"");
    ended.expect(127);
    let told = "clh-tee: cannot run 'no-such-command --option': ";
    assert!(ended.stderr().starts_with(told), "says: {}", ended.stderr());
}

#[test]
fn one_that_cannot_be_run() {
    let place = Place::fresh();
    fs::create_dir(place.path("directory.exe")).expect("make a directory");
    let path = place.path("directory.exe");
    Tee::new(&place).args("-q app.log --").arg(path).run(b"").expect(126);
}

#[test]
fn the_log_cannot_be_opened() {
    let place = Place::fresh();
    let ended = Tee::new(&place).args("-q missing/app.log --").args(SHELL).arg("echo one").run(b"");
    ended.expect(125);
    assert!(
        ended.stderr().starts_with("clh-tee: cannot create 'missing"),
        "says: {}",
        ended.stderr()
    );
    assert_eq!(place.names(), [""; 0], "nothing was run or made");
}
