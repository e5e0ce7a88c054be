//! What the README's table says of other programs: each script of
//! `docs/compared.md` prints what stands below it.

use std::path::Path;

use nix::unistd::geteuid;

use super::kitchen::{Kitchen, ended};
use crate::harness::{Page, Peer, crates_io_program};

/// The programs that the scripts run, and of which Debian has a package.
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

/// Where they are; `execlineb` is not on the `PATH`, for only s6-log runs it.
const DIRS: [&str; 3] = ["/usr/bin", "/usr/sbin", "/usr/lib/execline/bin"];

/// Returns why the script cannot be tried here, if so.
fn obstacle(script: &str) -> Option<String> {
    let is_there = |program: &str| DIRS.iter().any(|dir| Path::new(dir).join(program).exists());
    let needs = |program: &str| {
        script.contains(program) || (program == "execlineb" && script.contains("s6-log"))
    };
    if script.contains("mount") && !geteuid().is_root() {
        return Some("only root may mount a disk".to_owned());
    }
    let missing = PROGRAMS.into_iter().find(|program| needs(program) && !is_there(program))?;
    Some(format!("{missing} is missing, and tests/prepare installs it"))
}

/// Runs a script of the page and compares what it prints.
#[track_caller]
fn prints(name: &str) {
    let page = Page::of("compared.md");
    let script = page.block("compared", name);
    if let Some(why) = obstacle(&script) {
        eprintln!("NOT TRIED: {name}; {why}");
        return;
    }
    let kitchen = Kitchen::fresh();
    let python = Peer::of_version("0.9.31").bin().join("python3");
    kitchen.program("python3", &format!("exec '{}' \"$@\"", python.display()));
    if script.contains("pipe-logger") {
        let program = crates_io_program("pipe-logger", "2.0.1");
        kitchen.program("pipe-logger", &format!("exec '{}' \"$@\"", program.display()));
    }
    kitchen.place.write("clh.py", page.block("compared-file", "clh.py").as_bytes());
    // In a name space of its own, so that no disk stays mounted if it fails.
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
fn who_may_write_with_others() {
    prints("many-writers");
}

#[test]
fn who_insists_on_being_alone() {
    prints("one-writer");
}

#[test]
fn who_keeps_the_lines_of_a_job_together() {
    prints("jobs");
}

#[test]
fn whose_files_end_within_a_line() {
    prints("whole-lines");
}

#[test]
fn who_loses_lines_at_a_rotation() {
    prints("lost-at-rotation");
}

#[test]
fn who_waits_for_the_processor() {
    prints("processor");
}

#[test]
fn who_strands_lines_when_killed() {
    prints("killed");
}

#[test]
fn who_keeps_lines_on_a_full_disk() {
    prints("full-disk");
}

#[test]
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
