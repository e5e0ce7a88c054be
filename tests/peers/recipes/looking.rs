//! Recipes for settings in a file, for looking at and reading a log, and for rotation on demand.

use std::os::unix::process::CommandExt;
use std::process::Output;

use super::crontab::Crontab;
use super::kitchen::{Kitchen, expect};
use crate::harness::needs;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// What a dead Python writer left when it rotated `app.log`.
const ORPHAN: &str = "app.log.rotate.13843000918273645";

/// Runs a recipe beside a log with two backups, one of them compressed. They have four lines; two
/// are errors.
fn over_a_chain(recipe: &str) -> Output {
    let kitchen = Kitchen::fresh();
    for (line, gzip) in [
        ("2020-01-01T00:00:00 ERROR 0\n2100-01-01T00:00:00 ERROR 1", "--gzip"),
        ("2", "--gzip=no"),
        ("3\n2100-01-01T00:00:00 ERROR 4", "--gzip=no"),
    ] {
        let append = format!("echo '{line}' | clh-tee -q app.log --max-bytes 30 {gzip}");
        expect(&kitchen.run("bash", &append), 0);
    }
    kitchen.run("sh", &kitchen.recipe(recipe))
}

#[test]
fn jobs_share_the_settings_of_a_file() {
    let crontab = Crontab::of("config-jobs");
    let kitchen = &crontab.kitchen;
    std::fs::create_dir_all(kitchen.place.path("log/jobs")).expect("make a directory");
    std::fs::create_dir(kitchen.place.path(".config")).expect("make a directory");
    let file = kitchen.here(&kitchen.recipe("config-file"), "/var/log", "log");
    kitchen.place.write(".config/clh-tee.toml", file.replace("512K", "1B").as_bytes());
    for job in ["poll-mail", "sync-disks", "report"] {
        kitchen.program(job, &format!("echo {job}"));
    }
    assert_eq!(crontab.run(), "", "nothing is echoed");
    assert_eq!(kitchen.text("log/jobs/jobs.log"), "report\n");
    let names = kitchen.place.names_in("log/jobs");
    assert_eq!(names, [".__jobs.lock", "jobs.log", "jobs.log.1.gz", "jobs.log.2.gz"]);
}

#[test]
fn settings_are_shown_with_their_origin() {
    let kitchen = Kitchen::fresh();
    kitchen.place.write("settings.toml", b"gzip = true\n");
    let shown = expect(&kitchen.run("sh", &kitchen.recipe("config-shown")), 0);
    let gzip = shown.lines().find(|line| line.starts_with("gzip = ")).expect("a line for it");
    assert!(gzip.starts_with("gzip = true ") && gzip.ends_with("settings.toml:1"), "{gzip}");
    kitchen.place.write("settings.toml", shown.as_bytes());
    expect(&kitchen.run("sh", &kitchen.recipe("config-shown")), 0);
}

#[test]
fn errors_have_a_log_and_settings_of_their_own() {
    let kitchen = Kitchen::fresh();
    kitchen.program("myapp", "seq -f 'ERROR %099g' 20000; echo fine");
    kitchen.place.write("settings.toml", kitchen.recipe("errors-settings").as_bytes());
    expect(&kitchen.run("sh", &kitchen.recipe("errors")), 0);
    assert_eq!(kitchen.place.backups("app.log"), [""; 0]);
    assert_eq!(kitchen.text("app.log").lines().count(), 20_001);
    assert_eq!(kitchen.place.backups("errors.log"), ["errors.log.2", "errors.log.1"]);
    assert_eq!(kitchen.place.chain("errors.log").len(), 20_000 * 106);
}

#[test]
fn cron_mails_what_is_wrong_with_a_log() {
    let crontab = Crontab::of("status");
    std::fs::create_dir(crontab.kitchen.place.path("log")).expect("make a directory");
    expect(&crontab.kitchen.run("sh", "echo one | clh-tee -q log/app.log"), 0);
    assert_eq!(crontab.run(), "");
    crontab.kitchen.place.write(&format!("log/{ORPHAN}"), b"line\n");
    let mail = crontab.run();
    assert!(mail.contains("1 fault") && mail.contains(ORPHAN), "{mail}");
}

#[test]
#[ignore = "needs jq"]
fn faults_have_names_for_programs_and_are_mended() {
    needs(&["jq"]);
    let kitchen = Kitchen::fresh();
    expect(&kitchen.run("sh", "echo one | clh-tee -q app.log"), 0);
    kitchen.place.write(ORPHAN, b"line\n");
    let names = kitchen.recipe("status-json");
    assert_eq!(expect(&kitchen.run("sh", &names), 0), "orphan\n");
    let done = expect(&kitchen.run("sh", &kitchen.recipe("repair")), 0);
    assert!(done.contains(ORPHAN), "{done}");
    assert_eq!(kitchen.text("app.log.1"), "line\n");
    assert_eq!(expect(&kitchen.run("sh", &names), 0), "");
}

#[test]
#[ignore = "needs jq"]
fn records_as_json_are_read_by_jq() {
    needs(&["jq"]);
    let kitchen = Kitchen::fresh();
    kitchen.program("myapp", "echo out; printf 'no route to \"db\"\n\\377\n' >&2");
    expect(&kitchen.run("sh", &kitchen.recipe("json")), 0);
    expect(&kitchen.run("sh", "echo plain | clh-tee -q app.log"), 0);
    let errors = expect(&kitchen.run("sh", &kitchen.recipe("json-jq")), 0);
    assert_eq!(errors, "no route to \"db\"\n\u{fffd}\n");
    let bytes = kitchen.run("sh", &kitchen.recipe("json-bytes")).stdout;
    let mut lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    lines.sort_unstable();
    assert_eq!(lines, [&b"no route to \"db\"\n"[..], b"out\n", b"\xff\n"]);
}

#[test]
fn all_of_a_log_is_read() {
    let [old, one, four] = [
        "2020-01-01T00:00:00 ERROR 0\n",
        "2100-01-01T00:00:00 ERROR 1\n",
        "2100-01-01T00:00:00 ERROR 4\n",
    ];
    assert_eq!(expect(&over_a_chain("read"), 0), [old, one, four].concat());
    assert_eq!(expect(&over_a_chain("read-since"), 0), "2\n");
    assert_eq!(expect(&over_a_chain("read-last"), 0), [one, four].concat());
}

#[test]
fn log_is_followed_over_rotations() {
    let kitchen = Kitchen::fresh();
    kitchen.program("alert", "echo \"$1\" >> alerts");
    let mut follower = kitchen.command("sh");
    follower.args(["-c", &kitchen.recipe("follow")]).process_group(0);
    let mut follower = follower.spawn().expect("start it");
    let append = "printf 'ERROR 1\\nwell\\nERROR 2\\n' | clh-tee -q app.log --max-bytes 1 --gzip";
    expect(&kitchen.run("sh", append), 0);
    kitchen.until_holds("alerts", "ERROR 1\nERROR 2\n");
    let group = Pid::from_raw(-i32::try_from(follower.id()).expect("a process id"));
    kill(group, Signal::SIGTERM).expect("send a signal");
    follower.wait().expect("wait for it");
}

#[test]
fn each_backup_is_uploaded() {
    let crontab = Crontab::of("rotate");
    let kitchen = &crontab.kitchen;
    std::fs::create_dir(kitchen.place.path("log")).expect("make a directory");
    kitchen.program("import", "yes line | head -c 30000000");
    kitchen.program("upload", &kitchen.recipe("upload"));
    kitchen.program("rclone", "test \"$1\" = copyto && gzip -dc \"$2\" | wc -c && echo \"$3\"");
    assert_eq!(crontab.commands.len(), 2);
    // What the program prints goes to standard error, so cron mails it.
    let by_size = crontab.mail_of(&crontab.commands[0]);
    assert_eq!(by_size.lines().filter(|line| *line == "10485760").count(), 2, "{by_size}");
    assert!(by_size.contains("store:logs/import-20"), "{by_size}");
    let at_midnight = crontab.mail_of(&crontab.commands[1]);
    assert_eq!(at_midnight.lines().next(), Some("9028480"), "{at_midnight}");
}
