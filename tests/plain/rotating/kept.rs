//! How many backups are kept: as many as configured, as in Python, or by default as many as exist.

use super::{SOON, lines, tee};
use crate::harness::{Place, Tee, until};

/// Makes a log of a hundred lines and `backups` backups of one line each.
fn history(place: &Place, backups: usize) {
    place.write("app.log", &lines(0, 100));
    for slot in 1..=backups {
        place.write(&format!("app.log.{slot}"), format!("was {slot}\n").as_bytes());
    }
}

/// Returns the former numbers of the backups, newest first; 0 was the log.
fn were(place: &Place) -> Vec<usize> {
    let was = |name: &String| {
        let text = String::from_utf8(place.read(name)).expect("text");
        text.trim_start_matches("was ").trim().parse().unwrap_or(0)
    };
    place.backups("app.log").iter().rev().map(was).collect()
}

fn warning(there: usize, kept: usize) -> String {
    format!(
        "clh-tee: warning: 'app.log' has {there} backups, and rotations keep only {kept} of \
         them; give --backups {there} to keep all\n"
    )
}

#[test]
fn who_gives_no_number_keeps_as_many_as_there_are() {
    for (there, kept) in [(0, 1), (3, 4), (5, 5), (6, 6), (12, 12)] {
        for options in ["--rotate", "--max-bytes 1000", "--max-bytes 1000 --gzip"] {
            let place = Place::fresh();
            history(&place, there);
            tee(&place, options).run(b"a line\n").expect_quiet_success();
            let wanted: Vec<usize> = (0..kept).collect();
            assert_eq!(were(&place), wanted, "{options}, {there} backups");
        }
    }
    // No matter how often and in what way the log is rotated.
    let place = Place::fresh();
    history(&place, 12);
    for _ in 0..3 {
        tee(&place, "--rotate").run(b"").expect_quiet_success();
        tee(&place, "--max-bytes 1000").run(&lines(0, 500)).expect_quiet_success();
    }
    assert_eq!(place.backups("app.log").len(), 12);
}

#[test]
fn a_gap_is_no_end_and_a_date_is_no_slot() {
    for (gap, kept) in [(7, 12), (2, 12), (12, 11)] {
        let place = Place::fresh();
        history(&place, 12);
        place.write("app.log.20261122", b"not ours\n");
        std::fs::remove_file(place.path(&format!("app.log.{gap}"))).expect("make a gap");
        tee(&place, "--rotate").run(b"").expect_quiet_success();
        tee(&place, "").run(b"a line\n").expect_quiet_success();
        tee(&place, "--rotate").run(b"").expect_quiet_success();
        assert_eq!(place.backups("app.log").len() - 1, kept, "without {gap}");
        assert_eq!(place.read("app.log.20261122"), b"not ours\n");
    }
}

#[test]
fn by_the_clock_it_is_the_same() {
    for (options, kept, warned) in [("", 12, ""), ("--backups 5", 5, &warning(12, 5))] {
        let place = Place::fresh();
        place.write("app.log", b"a line\n");
        for day in 1..=12 {
            place.write(&format!("app.log.2025-11-{day:02}"), b"old\n");
        }
        let ended = tee(&place, "--rotate --when MIDNIGHT").args(options).run(b"");
        assert_eq!(ended.stderr(), warned);
        let backups = place.names().into_iter().filter(|name| name.contains("log.20"));
        assert_eq!(backups.count(), kept, "{options}");
    }
}

#[test]
fn nothing_that_was_left_costs_a_backup_nobody_asked_to_remove() {
    // Two generations in one slot; and an orphan, which counts as one rotation more.
    for (left, there) in [("app.log.3.gz", 13), ("app.log.rotate.1234567890", 12)] {
        let place = Place::fresh();
        history(&place, 12);
        place.write(left, b"another\n");
        tee(&place, "--repair").run(b"").expect(0);
        assert_eq!(place.backups("app.log").len(), there, "{left}");
    }
}

#[test]
fn a_smaller_number_is_warned_of_before_it_costs_a_backup() {
    for (options, kept) in [("--backups 5", 5), ("--backups 1 --gzip", 1), ("--backups 11", 11)] {
        let place = Place::fresh();
        history(&place, 12);
        let mut writer = tee(&place, options).args("--max-bytes 100K").start();
        writer.feed(b"a line\n");
        let said = || writer.stderr_so_far() == warning(12, kept);
        until(SOON, "the warning is there", said);
        assert_eq!(were(&place), (1..=12).collect::<Vec<_>>(), "nothing is gone yet");
        writer.feed(&lines(0, 30_000));
        let ended = writer.finish();
        ended.expect(0);
        assert_eq!(ended.stderr(), warning(12, kept), "it is said once");
        // Those beyond stay, as with Python.
        assert_eq!(were(&place)[kept..], (kept + 1..=12).collect::<Vec<_>>());
    }
    for options in ["--backups 12", "--backups 30", "--backups 0", ""] {
        let place = Place::fresh();
        history(&place, 12);
        tee(&place, options).run(b"a line\n").expect_quiet_success();
    }
}

#[test]
fn a_smaller_number_shortens_by_hand_only_what_was_typed() {
    let words = "clh-tee: cannot rotate 'app.log': it has more than 5 backups, and that number is \
                 from a file or the environment; give --backups on the command line\n";
    let place = Place::fresh();
    history(&place, 12);
    place.write("settings.toml", b"backups = 5\n");
    let from_file = |place: &Place| tee(place, "--rotate --config settings.toml");
    let refused: [Tee; 2] =
        [from_file(&place), tee(&place, "--rotate").env("CLH_TEE_BACKUPS", "5")];
    for tee in refused {
        let ended = tee.run(b"");
        ended.expect(1);
        assert_eq!(ended.stderr(), words);
        assert_eq!(were(&place).len(), 12);
        assert_eq!(place.read("app.log"), lines(0, 100));
    }
    let ended = from_file(&place).args("--backups 5").run(b"");
    ended.expect(0);
    assert_eq!(ended.stderr(), warning(12, 5));
    assert_eq!(were(&place), [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12]);
}

#[test]
fn days_of_several_pieces_are_kept_as_the_guide_says() {
    let place = Place::fresh();
    for day in 1..=28 {
        for piece in ["", ".1", ".2"] {
            place.write(&format!("app.log.2025-11-{day:02}{piece}"), b"old\n");
        }
    }
    place.write("app.log", b"a line\n");
    let days = || {
        let names = place.names().into_iter().filter(|name| name.contains("log.20"));
        names.map(|name| name[..18].to_owned()).collect::<std::collections::BTreeSet<_>>().len()
    };
    tee(&place, "--rotate --when MIDNIGHT --backups 84").run(b"").expect(0);
    assert_eq!(days(), 29, "the first day has two pieces left");
    tee(&place, "").run(b"a line\n").expect(0);
    tee(&place, "--rotate --when MIDNIGHT --backups 28").run(b"").expect(0);
    assert!(days() < 12, "pieces count");
}
