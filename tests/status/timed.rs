//! Logs that are rotated by the clock.

use super::*;

/// A time far ahead, in seconds since 1970.
const LATER: &[u8] = b"4102444800";

/// Makes a log of backups by the day that nothing is wrong with.
fn by_the_day() -> Site {
    let site = Site(Place::fresh());
    site.0.write(".__app.lock", LATER);
    site.put("app.log", "2026-11-22 12:00:05 five\n", 1);
    site.put("app.log.2026-11-21.gz", "2026-11-21 12:00:03 three\n", 1441);
    site.put("app.log.2026-11-20", "2026-11-20 12:00:02 two\n", 2881);
    site.put("app.log.2026-11-20.1.gz", "2026-11-20 18:00:02 two\n", 2880);
    site
}

#[test]
fn backups_by_the_clock_are_shown_newest_first() {
    let site = by_the_day();
    let (code, look) = site.look("--when D");
    assert_eq!((code, names(&look, true)), (0, vec![]), "{look:#}");
    let backups = look["backups"].as_array().expect("an array");
    let stamps: Vec<&str> = backups.iter().filter_map(|backup| backup["stamp"].as_str()).collect();
    assert_eq!(stamps, ["2026-11-21", "2026-11-20.1", "2026-11-20"]);
    assert_eq!(backups[2]["first"], "2026-11-20 12:00:02");
    assert_eq!(look["lock"]["next_rotation"], "2100-01-01T00:00:00Z");
    let text = site.text("--when D");
    assert!(text.contains("\n2026-11-20.1.gz "), "{text}");
    assert!(text.contains("next rotation by the clock at 2100-01-01T00:00:00Z"), "{text}");
    // Whoever rotates by size meets one who rotates by the clock.
    let (code, by_size) = site.look("");
    assert_eq!((code, names(&by_size, true)), (1, vec!["timed-writer"]), "{by_size:#}");
    expect_valid(&[look, by_size]);
}

#[test]
fn what_a_writer_by_the_clock_does_not_see_to_is_found() {
    let site = by_the_day();
    site.put("app.log.1.gz", "of a writer by size\n", 5000);
    site.put("app.log.rotate.1234567890", "of another one\n", 5000);
    let (code, look) = site.look("--when D");
    assert_eq!((code, names(&look, true)), (1, vec!["orphan", "strays"]), "{look:#}");
    let remedy = look["findings"][0]["do"].as_str().expect("a sentence");
    assert!(remedy.contains("move it away"), "{remedy}");
}

#[test]
fn one_backup_in_both_forms_is_found_and_mended_and_two_are_left() {
    let site = by_the_day();
    site.put("app.log.2026-11-20.gz", "another generation\n", 2881);
    assert_eq!(site.look("--when D").0, 0);
    site.put("app.log.2026-11-21", "2026-11-21 12:00:03 three\n", 1441);
    let (code, look) = site.look("--when D");
    assert_eq!((code, names(&look, true)), (1, vec!["double-slot"]), "{look:#}");
    let ended = site.run("--repair --when D --gzip");
    ended.expect_quiet_success();
    assert_eq!(ended.out, b"removed 'app.log.2026-11-21'\n");
    assert_eq!(site.look("--when D").0, 0);
    expect_valid(&[look]);
}

#[test]
fn a_repair_does_not_rotate_even_if_the_time_has_come() {
    let site = by_the_day();
    site.0.write(".__app.lock", b"1000000000");
    let before = site.seen();
    let ended = site.run("--repair --when D");
    ended.expect_quiet_success();
    assert_eq!(ended.out, b"nothing to do\n");
    assert_eq!(site.seen(), before);
}
