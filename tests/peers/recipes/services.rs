//! Recipes for systemd units.

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::kitchen::{Kitchen, ended, expect};
use crate::harness::{needs, until};

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(30);

/// Returns a unit's text with this test's paths, and writes it to a file.
fn unit(kitchen: &Kitchen, recipe: &str) -> String {
    let unit = kitchen.here(&kitchen.recipe(recipe), "/usr/local/bin", "bin");
    kitchen.place.write("myapp.service", unit.as_bytes());
    unit
}

/// Returns a unit's command for a shell. systemd quotes like the shell, and the recipes use only
/// one of its specifiers.
fn command_of(kitchen: &Kitchen, unit: &str) -> String {
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("ExecStart");
    let command = kitchen.here(command, "%L", "logs");
    assert!(!command.contains(['%', '$']), "systemd would take it for something else: {command}");
    command
}

/// Checks a unit with systemd's own tool.
fn verify(kitchen: &Kitchen) {
    needs(&["systemd-analyze"]);
    let mut command = kitchen.command("systemd-analyze");
    let output = ended(command.args(["verify", "--man=no", "./myapp.service"]));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("myapp.service"), "{said}");
}

/// Checks a unit and runs its command: the program fails, so the command must fail too.
fn passes_failure_on(recipe: &str) {
    let kitchen = Kitchen::fresh();
    kitchen.program("myapp", "echo one; echo two >&2; exit 3");
    let unit = unit(&kitchen, recipe);
    verify(&kitchen);
    // `LogsDirectory=` makes it.
    fs::create_dir_all(kitchen.place.path("logs/myapp")).expect("make a directory");
    let output = kitchen.run("sh", &command_of(&kitchen, &unit));
    assert_eq!(expect(&output, 3), "");
    assert_eq!(kitchen.text("logs/myapp/app.log"), "one\ntwo\n");
}

/// Returns the signal with which systemd stops a unit.
fn stop_signal(unit: &str) -> Signal {
    let named = unit.lines().find_map(|line| line.strip_prefix("KillSignal="));
    named.map_or(Signal::SIGTERM, |name| name.parse().expect("a signal"))
}

/// Runs a unit's command with a program and stops it as systemd does: it signals each process, or
/// with `KillMode=mixed` only the first. Returns the exit status.
fn stopped(kitchen: &Kitchen, recipe: &str) -> ExitStatus {
    let unit = unit(kitchen, recipe);
    fs::create_dir_all(kitchen.place.path("logs/myapp")).expect("make a directory");
    // In its own process group, so that all processes can be signalled at once.
    let mut command = kitchen.command("sh");
    command.args(["-c", &format!("exec {}", command_of(kitchen, &unit))]).process_group(0);
    let mut child = command.spawn().expect("start it");
    kitchen.until_holds("logs/myapp/app.log", "one\n");
    let pid = i32::try_from(child.id()).expect("a process id");
    let mixed = unit.lines().any(|line| line == "KillMode=mixed");
    kill(Pid::from_raw(if mixed { pid } else { -pid }), stop_signal(&unit)).expect("send a signal");
    let mut status = None;
    until(SOON, "it ends", || {
        status = child.try_wait().expect("ask for the status");
        status.is_some()
    });
    status.expect("it has ended")
}

/// Stops a unit; the program's last lines must be in the log.
fn last_words_are_kept(recipe: &str) {
    let kitchen = Kitchen::fresh();
    kitchen.program_with_last_words("myapp");
    stopped(&kitchen, recipe);
    assert_eq!(kitchen.text("logs/myapp/app.log"), "one\nlast\n");
}

#[test]
fn unit_with_a_command_ends_cleanly_when_it_is_stopped() {
    // For systemd, death by TERM is a clean end and status 143 is a failure.
    let kitchen = Kitchen::fresh();
    kitchen.program("myapp", "echo one; exec sleep 60");
    assert_eq!(stopped(&kitchen, "unit-command").signal(), Some(Signal::SIGTERM as i32));
    // This program counts TERMs and gets one.
    let kitchen = Kitchen::fresh();
    let script = "trap 'echo got' TERM; echo one; (sleep 0.5; kill -KILL $$) & wait; wait";
    kitchen.program("myapp", script);
    stopped(&kitchen, "unit-command");
    assert_eq!(kitchen.text("logs/myapp/app.log"), "one\ngot\n");
}

#[test]
#[ignore = "needs systemd"]
fn unit_with_a_pipeline_passes_failure_on() {
    passes_failure_on("unit-pipeline");
}

#[test]
#[ignore = "needs python3"]
fn unit_with_a_pipeline_keeps_last_words() {
    last_words_are_kept("unit-pipeline");
}

#[test]
#[ignore = "needs systemd"]
fn unit_with_a_command_passes_failure_on() {
    passes_failure_on("unit-command");
}

#[test]
#[ignore = "needs python3"]
fn unit_with_a_command_keeps_last_words() {
    last_words_are_kept("unit-command");
}
