//! What the README's table says about other programs: each script in `docs/compared.md` prints the
//! output shown below it.

use super::kitchen::{Kitchen, ended};
use crate::harness::{Page, Peer, crates_io_program, needs, needs_root};

/// The programs that the scripts run and that Debian packages.
const PROGRAMS: [&str; 12] = [
    "multilog",
    "svlogd",
    "s6-log",
    "execlineb",
    "rotatelogs",
    "cronolog",
    "logrotate",
    "parallel",
    "make",
    "xz",
    "strace",
    "mount",
];

/// Fails, with the reason, if the script cannot run here.
#[track_caller]
fn check(script: &str) {
    if script.contains("mount") {
        needs_root();
    }
    // Only s6-log needs `execlineb`.
    let runs = |program: &&str| {
        script.contains(program) || (*program == "execlineb" && script.contains("s6-log"))
    };
    needs(&PROGRAMS.into_iter().filter(runs).collect::<Vec<_>>());
}

/// Runs a script of the page and compares its output.
#[track_caller]
fn prints(name: &str) {
    let page = Page::of("compared.md");
    let script = page.block("compared", name);
    check(&script);
    let kitchen = Kitchen::fresh();
    let python = Peer::of_version("0.9.31").bin().join("python3");
    kitchen.program("python3", &format!("exec '{}' \"$@\"", python.display()));
    if script.contains("pipe-logger") {
        let program = crates_io_program("pipe-logger", "2.0.1");
        kitchen.program("pipe-logger", &format!("exec '{}' \"$@\"", program.display()));
    }
    kitchen.place.write("clh.py", page.block("compared-file", "clh.py").as_bytes());
    // In its own namespace, so that no disk stays mounted if it fails.
    let mut command = kitchen.command("timeout");
    command.args(["300", "bash", "-c", &script]);
    if script.contains("mount") {
        command = kitchen.command("unshare");
        command.args(["--mount", "timeout", "300", "bash", "-c", &script]);
    }
    let output = ended(&mut command);
    let printed = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(printed, page.block("prints", name), "standard error: {err}");
}

#[test]
#[ignore = "needs the peers of tests/prepare"]
fn who_may_write_with_others() {
    prints("many-writers");
}

#[test]
#[ignore = "needs the peers of tests/prepare"]
fn who_insists_on_being_alone() {
    prints("one-writer");
}

#[test]
#[ignore = "needs the peers of tests/prepare"]
fn who_keeps_the_lines_of_a_job_together() {
    prints("jobs");
}

#[test]
#[ignore = "needs the peers of tests/prepare"]
fn whose_files_end_within_a_line() {
    prints("whole-lines");
}

#[test]
#[ignore = "needs the peers of tests/prepare"]
fn who_loses_lines_at_a_rotation() {
    prints("lost-at-rotation");
}

#[test]
#[ignore = "needs the peers of tests/prepare"]
fn who_waits_for_the_processor() {
    prints("processor");
}

#[test]
#[ignore = "needs the peers of tests/prepare"]
fn who_strands_lines_when_killed() {
    prints("killed");
}

#[test]
#[ignore = "needs root and the peers of tests/prepare"]
fn who_keeps_lines_on_a_full_disk() {
    prints("full-disk");
}

#[test]
#[ignore = "needs the peers of tests/prepare"]
fn who_keeps_the_exit_status() {
    prints("status");
}

#[test]
fn every_script_is_tried() {
    let names = Page::of("compared.md").names("compared");
    assert_eq!(names.len(), 9, "{names:?}");
    let tests = include_str!("compared.rs");
    for name in names {
        assert!(tests.contains(&format!("\"{name}\"")), "nothing tries the script '{name}'");
    }
}
