//! Recipes for pipelines, cron, and a log on another disk or machine.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::crontab::Crontab;
use super::kitchen::{Kitchen, expect};

/// A program that prints a line on each stream and fails.
const FAILS: &str = "echo one; echo two >&2; exit 3";

/// Runs a recipe with a failing program; returns its exit status.
fn status_of_failure(recipe: &str, shell: &str) -> i32 {
    let kitchen = Kitchen::fresh();
    kitchen.program("myapp", FAILS);
    let output = kitchen.run(shell, &kitchen.recipe(recipe));
    assert_eq!(kitchen.text("app.log"), "one\ntwo\n");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "one\ntwo\n", "the echo");
    output.status.code().expect("not killed")
}

#[test]
fn pipeline_loses_the_status_of_the_program() {
    assert_eq!(status_of_failure("pipeline", "sh"), 0);
}

#[test]
fn pipefail_keeps_the_status_of_the_program() {
    assert_eq!(status_of_failure("pipefail", "bash"), 3);
}

#[test]
fn named_pipe_keeps_the_status_of_the_program() {
    assert_eq!(status_of_failure("named-pipe", "sh"), 3);
}

#[test]
fn command_keeps_the_status_of_the_program() {
    let kitchen = Kitchen::fresh();
    kitchen.program("myapp", FAILS);
    let output = kitchen.run("sh", &kitchen.recipe("command"));
    assert_eq!(expect(&output, 3), "one\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "two\n", "each stream has its echo");
    let mut lines: Vec<String> = kitchen.text("app.log").lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["one", "two"]);
}

#[test]
fn daily_rotation_is_due_at_the_next_midnight() {
    let kitchen = Kitchen::fresh();
    kitchen.program("myapp", "echo one");
    expect(&kitchen.run("sh", &kitchen.recipe("daily")), 0);
    assert_eq!(kitchen.text("app.log"), "one\n");
    // The environment sets no time zone, so the machine's applies.
    let due: u64 = kitchen.text(".__app.lock").parse().expect("seconds since the epoch");
    let date = kitchen.run("sh", &format!("date -d @{due} +%T"));
    assert_eq!(expect(&date, 0), "00:00:00\n");
    let ahead = (UNIX_EPOCH + Duration::from_secs(due)).duration_since(SystemTime::now());
    assert!(ahead.is_ok_and(|ahead| ahead <= Duration::from_secs(25 * 3600)), "{due}");
}

#[test]
fn ssh_sends_the_lines_to_one_machine() {
    let kitchen = Kitchen::fresh();
    kitchen.program("myapp", "echo one");
    // Like sshd, joins the words with spaces and gives them to a shell.
    kitchen.program("ssh", "test \"$1\" = loghost && shift && exec sh -c \"$*\"");
    expect(&kitchen.run("sh", &kitchen.recipe("ssh")), 0);
    assert_eq!(kitchen.text("app.log"), "one\n");
}

#[test]
fn nfs_with_the_lock_on_a_local_disk() {
    let kitchen = Kitchen::fresh();
    kitchen.program("myapp", "echo one");
    std::fs::create_dir(kitchen.place.path("nfs")).expect("make a directory");
    let script = kitchen.here(&kitchen.recipe("nfs"), "/mnt/nfs", "nfs");
    let script = kitchen.here(&script, "/run/lock/app", "locks");
    expect(&kitchen.run("sh", &script), 0);
    assert_eq!(kitchen.text("nfs/app.log"), "one\n");
    assert!(kitchen.place.path("locks/.__app.lock").exists());
}

#[test]
fn cron_jobs_share_a_log_and_mail_nothing() {
    let crontab = Crontab::of("cron");
    crontab.kitchen.program("sync-mail", "echo mail");
    crontab.kitchen.program("backup", "echo backup; exit 1");
    assert_eq!(crontab.commands.len(), 2);
    assert_eq!(crontab.run(), "");
    assert_eq!(crontab.kitchen.text("log/cron.log"), "mail\nbackup\n");
}

#[test]
fn cron_mails_what_a_job_said_when_it_fails() {
    let crontab = Crontab::of("cron-mail");
    crontab.kitchen.program("backup", "echo saved");
    assert_eq!(crontab.run(), "");
    crontab.kitchen.program("backup", "echo no disk >&2; exit 1");
    assert_eq!(crontab.run(), "no disk\n");
    let log = crontab.kitchen.text("log/backup.log");
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[0].starts_with("20") && lines[0].ends_with(" backup: saved"), "{log}");
    assert!(lines[1].starts_with("20") && lines[1].ends_with(" backup: no disk"), "{log}");
}
