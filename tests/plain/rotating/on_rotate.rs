//! `--on-rotate` runs a program once for each backup that this process makes, one at a time. Only
//! the end of the program waits for it.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::{SOON, lines, script, tee};
use crate::harness::{Place, Tee, stays, until};

/// Copies the backup to a directory, under a unique name.
const UPLOAD: &str = "umask >>masks\n\
    grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status >>signals\n\
    cp \"$1\" \"up/$$.${1##*.}\" && echo \"$1\" >>handed";

/// Waits for the file `go`. It keeps none of our streams open.
const SLOW: &str = "exec >/dev/null 2>&1\n\
    mkdir running || touch two-at-once\n\
    echo x >>begun\n\
    n=0; while [ ! -e go ] && [ $n -lt 2000 ]; do n=$((n + 1)); sleep 0.01; done\n\
    rmdir running";

/// Returns the uploaded files' content, sorted.
fn uploaded(place: &Place) -> Vec<Vec<u8>> {
    let names = place.names_in("up");
    let mut files: Vec<_> = names.iter().map(|name| place.read(&format!("up/{name}"))).collect();
    files.sort();
    files
}

fn count(place: &Place, name: &str) -> usize {
    place.read(name).split_inclusive(|byte| *byte == b'\n').count()
}

#[test]
fn each_backup_is_handed_on_once() {
    for form in ["", "--gzip"] {
        let place = Place::fresh();
        script(&place, "upload", UPLOAD);
        fs::create_dir(place.path("up")).expect("make a directory");
        let options = "--max-bytes 1000 --backups 1000 --umask 027 --stats --on-rotate ./upload";
        let mut writer = tee(&place, options).args(form).start();
        // Each backup is uploaded before the next rotation moves it.
        for round in 0..30 {
            writer.feed(&lines(100 * round, 100));
            until(SOON, "the backup before is handed on", || count(&place, "handed") >= round);
        }
        let ended = writer.finish();
        ended.expect(0);
        let told = "rotations: 29,";
        assert!(ended.stderr().contains(told), "{}", ended.stderr());
        let told = "backups handed on: 29, failures of that: 0\n";
        assert!(ended.stderr().ends_with(told), "{}", ended.stderr());
        let mut backups: Vec<_> =
            place.backups("app.log").iter().map(|name| place.read(name)).collect();
        backups.sort();
        assert_eq!(uploaded(&place), backups);
        assert_eq!(place.chain("app.log"), lines(0, 3000));
        let masks = String::from_utf8(place.read("masks")).expect("UTF-8");
        assert!(masks.lines().all(|mask| mask == "0022"), "not our umask: {masks}");
    }
}

#[test]
fn backups_that_wait_are_found_where_they_have_moved() {
    for form in ["", "--gzip"] {
        let place = Place::fresh();
        let upload = format!("until [ -e go ]; do sleep 0.01; done\n{UPLOAD}");
        script(&place, "upload", &upload);
        fs::create_dir(place.path("up")).expect("make a directory");
        let options = "--max-bytes 1000 --backups 1000 --drain-timeout 30s --on-rotate ./upload";
        let mut writer = tee(&place, options).args(form).start();
        // The first program runs already, so it got the name before the move.
        writer.feed(&lines(0, 101));
        until(SOON, "the first backup is there", || !place.backups("app.log").is_empty());
        place.write("go", b"");
        until(SOON, "the first is handed on", || count(&place, "handed") == 1);
        fs::remove_file(place.path("go")).expect("remove a file");
        // The second waits while more backups queue up behind it. The one that it was for has moved
        // since, and is passed under its new name.
        writer.feed(&lines(101, 99 + 800));
        // The last of these lines are in the log when the last rotation is over.
        until(SOON, "all are rotated", || place.read("app.log") == lines(900, 100));
        let before = place.backups("app.log");
        assert_eq!(before.len(), 9);
        place.write("go", b"");
        let ended = writer.finish();
        ended.expect(0);
        assert_eq!(count(&place, "handed"), before.len());
        let handed = String::from_utf8(place.read("handed")).expect("UTF-8");
        // All that waited, oldest first, under their present names.
        let now: Vec<_> = before[2..].iter().map(|name| place.path(name)).collect();
        let handed: Vec<_> = handed.lines().skip(2).map(std::path::PathBuf::from).collect();
        assert_eq!(handed, now);
    }
}

#[test]
fn a_program_that_fails_is_a_warning() {
    let place = Place::fresh();
    script(&place, "failing", "echo said; exit 3");
    let ended = tee(&place, "--max-bytes 1000 --on-rotate ./failing").run(&lines(0, 101));
    ended.expect(0);
    let told = "clh-tee: warning: './failing' ended with status 3 for 'app.log.1'\n";
    assert_eq!(ended.stderr(), format!("said\n{told}"));
    assert_eq!(ended.out, b"", "standard output is for the echo");
    script(&place, "killed", "kill -9 $$");
    let ended = tee(&place, "--max-bytes 1000 --on-rotate ./killed").run(&lines(0, 101));
    ended.expect(0);
    let told = "clh-tee: warning: './killed' was killed by signal 9 for 'app.log.1'\n";
    assert_eq!(ended.stderr(), told);
}

#[test]
fn a_program_that_is_missing_is_refused_at_the_start() {
    let advice = "; give a program without arguments";
    for (program, advice) in [("./missing", ""), ("no-such-program", ""), ("gzip -9", advice)] {
        for command in ["", "-- touch ran"] {
            let place = Place::fresh();
            let tee = Tee::new(&place).args("-q --max-bytes 1000 --on-rotate").arg(program);
            let ended = tee.arg("app.log").args(command).run(b"");
            ended.expect(if command.is_empty() { 1 } else { 125 });
            let told = format!("cannot run '{program}' for --on-rotate: there is no such program");
            assert_eq!(ended.stderr(), format!("clh-tee: {told}{advice}\n"));
            assert_eq!(place.names(), [""; 0], "nothing was run or made");
        }
    }
}

#[test]
fn a_program_that_goes_missing_is_a_warning() {
    let place = Place::fresh();
    script(&place, "gone", "exit 0");
    let mut writer = tee(&place, "--max-bytes 1000 --on-rotate ./gone").start();
    writer.feed(&lines(0, 1));
    until(SOON, "it has begun", || place.chain("app.log") == lines(0, 1));
    fs::remove_file(place.path("gone")).expect("remove it");
    writer.feed(&lines(1, 100));
    let ended = writer.finish();
    ended.expect(0);
    let told = "cannot run './gone' for 'app.log.1': No such file or directory";
    assert_eq!(ended.stderr(), format!("clh-tee: warning: {told}\n"));
    assert_eq!(place.chain("app.log"), lines(0, 101));
}

#[test]
fn without_backups_there_is_nothing_to_hand_on() {
    let place = Place::fresh();
    let options = "--max-bytes 1000 --backups 0 --on-rotate false";
    tee(&place, options).run(&lines(0, 1001)).expect_quiet_success();
}

#[test]
fn one_runs_at_a_time_and_lines_do_not_wait() {
    let place = Place::fresh();
    script(&place, "slow", SLOW);
    let options = "--max-bytes 1000 --drain-timeout 30s --on-rotate ./slow";
    let mut writer = tee(&place, options).start();
    writer.feed(&lines(0, 450));
    until(SOON, "all lines are in", || place.chain("app.log") == lines(0, 450));
    until(SOON, "the first runs", || count(&place, "begun") == 1);
    stays(Duration::from_millis(300), "only one runs", || count(&place, "begun") == 1);
    place.write("go", b"");
    writer.finish().expect_quiet_success();
    assert_eq!(count(&place, "begun"), 4);
    assert!(!place.path("two-at-once").exists());
}

#[test]
fn the_end_waits_for_so_long_only() {
    let place = Place::fresh();
    script(&place, "slow", SLOW);
    let options = "--max-bytes 1000 --drain-timeout 500ms --on-rotate ./slow";
    let began = Instant::now();
    let ended = tee(&place, options).run(&lines(0, 350));
    assert!(began.elapsed() >= Duration::from_millis(500));
    place.write("go", b"");
    ended.expect(0);
    let told = "2 backups were not handed on (--drain-timeout)\n";
    let begins = "clh-tee: warning: './slow' still runs for 'app.log.";
    assert!(ended.stderr().starts_with(begins) && ended.stderr().ends_with(told));
    until(SOON, "it has ended", || !place.path("running").exists());
    assert_eq!(count(&place, "begun"), 1);
}

#[test]
fn a_signal_ends_the_wait() {
    for command in ["", "-- sh -c cat"] {
        let place = Place::fresh();
        script(&place, "slow", SLOW);
        let options = "--max-bytes 1000 --drain-timeout 80s --on-rotate ./slow";
        let mut writer = tee(&place, options).args(command).start();
        writer.feed(&lines(0, 101));
        until(SOON, "it runs", || count(&place, "begun") == 1);
        writer.end_input();
        stays(Duration::from_millis(300), "it is waited for", || writer.alive());
        writer.kill(Signal::SIGTERM);
        let ended = writer.end_within(SOON);
        place.write("go", b"");
        ended.expect(0);
        assert!(ended.stderr().contains("'./slow' still runs for 'app.log.1'"));
        until(SOON, "it has ended", || !place.path("running").exists());
    }
}

#[test]
fn it_begins_with_no_signal_blocked() {
    for command in ["", "-- cat"] {
        let place = Place::fresh();
        script(&place, "upload", UPLOAD);
        fs::create_dir(place.path("up")).expect("make a directory");
        let tee = tee(&place, "--max-bytes 1000 --on-rotate ./upload");
        tee.args(command).run(&lines(0, 101)).expect_quiet_success();
        let signals = String::from_utf8(place.read("signals")).expect("UTF-8");
        assert!(signals.contains("SigBlk:\t0000000000000000"), "{signals}");
    }
}

#[test]
fn backups_that_are_gone_before_their_turn_are_counted_and_reported_once() {
    let place = Place::fresh();
    script(&place, "slow", SLOW);
    let options = "--max-bytes 1000 --backups 3 --drain-timeout 30s --on-rotate ./slow";
    let mut writer = tee(&place, options).start();
    writer.feed(&lines(0, 101));
    until(SOON, "the first runs", || count(&place, "begun") == 1);
    writer.feed(&lines(101, 2000));
    until(SOON, "all are rotated", || place.read("app.log") == lines(2100, 1));
    place.write("go", b"");
    let ended = writer.finish();
    ended.expect(0);
    // Of 21 backups: the one whose program ran, and the three that still exist.
    assert_eq!(count(&place, "begun"), 4);
    let told = "a backup is gone or has been moved away; './slow' did not get it\n\
                clh-tee: warning: './slow' did not get 17 backups in all: they were gone before \
                their turn\n";
    assert_eq!(ended.stderr(), format!("clh-tee: warning: {told}"));
}
