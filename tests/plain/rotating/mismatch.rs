//! A writer reports once that another writer's settings differ, and never reports it about equal
//! settings.

use super::{SOON, lines, tee};
use crate::harness::{Place, until};

/// Lets one writer rotate `app.log` with `theirs` while another with `ours` appends a line now and
/// then; returns what the latter reports.
fn beside(ours: &str, theirs: &str, rounds: usize) -> String {
    let place = Place::fresh();
    watched(&place, ours, theirs, rounds, 250)
}

/// Does the same in `place`; the other writer appends `count` lines each time.
fn watched(place: &Place, ours: &str, theirs: &str, rounds: usize, count: usize) -> String {
    let mut us = tee(place, ours).start();
    for round in 0..rounds {
        us.feed(b"ours\n");
        until(SOON, "our line is in", || place.read("app.log").ends_with(b"ours\n"));
        tee(place, theirs).run(&lines(0, count)).expect(0);
        assert!(round < 2 || place.backups("app.log").len() > 1, "others rotate");
    }
    let ended = us.finish();
    ended.expect(0);
    ended.stderr()
}

#[test]
fn another_limit_is_told_once() {
    let told = beside("--max-bytes 500K", "--max-bytes 2K", 12);
    let words = "clh-tee: warning: other writers rotate 'app.log' at about 2.0K, this one at 500.0K; \
                 give all writers the same --max-bytes\n";
    assert_eq!(told, words);
}

#[test]
fn a_larger_limit_is_told_once() {
    let place = Place::fresh();
    let told = watched(&place, "--max-bytes 2K", "--max-bytes 50K", 6, 12_000);
    let words = "clh-tee: warning: other writers rotate 'app.log' at about 50.0K, this one at 2.0K; \
                 give all writers the same --max-bytes\n";
    assert_eq!(told, words);
}

#[test]
fn other_compression_is_told_once() {
    let ours = "--max-bytes 2K --gzip --backups 50";
    let told = beside(ours, "--max-bytes 2K --backups 50", 8);
    let words = "clh-tee: warning: other writers do not compress backups of 'app.log', and this \
                 one does; give all writers --gzip, or none\n";
    assert_eq!(told, words);
    let told = beside("--max-bytes 2K --backups 50", ours, 8);
    assert!(
        told.contains("other writers compress backups of 'app.log', and this one does not;"),
        "{told}"
    );
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn more_backups_are_told_once() {
    let told = beside("--max-bytes 2K --backups 2", "--max-bytes 2K --backups 6", 10);
    let words = "clh-tee: warning: other writers keep 3 backups of 'app.log' or more, this one keeps 2; \
                 give all writers the same --backups\n";
    assert_eq!(told, words);
}

#[test]
fn the_same_settings_are_never_told_of() {
    for options in ["--max-bytes 4K --backups 3", "--max-bytes 4K --backups 500 --gzip"] {
        let place = Place::fresh();
        // Backups from a time when more were kept, in the other form.
        place.write("app.log.4", b"old\n");
        place.write("app.log.501.gz", b"");
        let mut writers: Vec<_> = (0..4).map(|_| tee(&place, options).start()).collect();
        for round in 0..100 {
            for writer in &mut writers {
                // Now and then a line that is longer than any limit.
                let long = round % 10 == 0;
                writer.feed(&if long {
                    [&[b'x'; 12000][..], b"\n"].concat()
                } else {
                    lines(0, 60)
                });
            }
        }
        for writer in writers {
            // The fourth is as new as the others, so another writer might keep it.
            writer.finish().expect_success_but_for_history();
        }
        assert!(place.backups("app.log").len() > 3);
    }
}

#[test]
fn rotations_by_hand_are_not_told_of() {
    let place = Place::fresh();
    let mut us = tee(&place, "--max-bytes 500K").start();
    for round in 1..8 {
        us.feed(&lines(0, 100 * round));
        until(SOON, "our lines are in", || place.read("app.log") == lines(0, 100 * round));
        tee(&place, "--rotate").run(b"").expect_quiet_success();
    }
    us.finish().expect_quiet_success();
    assert_eq!(place.backups("app.log").len(), 5);
}

#[test]
fn any_number_of_backups_can_be_kept() {
    let place = Place::fresh();
    let all = "--max-bytes 2K --backups 18446744073709551615";
    place.write("app.log.18446744073709551615", b"in the last slot\n");
    place.write("app.log.18446744073709551614", b"in the last but one\n");
    let told = watched(&place, all, "--max-bytes 2K --backups 4", 12, 250);
    assert_eq!(told, "");
    let status = tee(&place, "--status").args(all).run(b"");
    status.expect(1);
    let text = String::from_utf8(status.out.clone()).expect("text");
    assert!(text.contains("to 18446744073709551613 are empty"), "{text}");
}

#[test]
fn a_log_that_another_process_cuts_is_warned_of_once() {
    for (options, warned) in [("", true), ("--max-bytes 1M", true), ("--backups 0", false)] {
        let place = Place::fresh();
        let mut us = tee(&place, options).start();
        let feed = |us: &mut crate::harness::Running, line: &[u8]| {
            us.feed(line);
            until(SOON, "our line is in", || place.read("app.log").ends_with(line));
        };
        feed(&mut us, &lines(0, 1000));
        for _ in 0..3 {
            place.write("app.log", b"first\n");
            feed(&mut us, b"ours\n");
        }
        assert_eq!(place.read("app.log"), b"first\nours\n", "the log goes on");
        let ended = us.finish();
        let words = "clh-tee: warning: 'app.log' was cut from 9.8K to 6B without a rotation, and \
                     lines that were not copied are gone; Python's backupCount=0 and \
                     logrotate's copytruncate do that\n";
        assert_eq!(ended.expect(0).stderr(), if warned { words } else { "" }, "{options}");
    }
}
