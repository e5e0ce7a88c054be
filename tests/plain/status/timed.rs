//! Logs rotated by the clock.

use super::*;

/// Returns the time `seconds` from now, in seconds since 1970.
fn ahead(seconds: u64) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    (now.as_secs() + seconds).to_string()
}

/// Makes a log with daily backups and no faults.
fn by_the_day() -> Site {
    let site = Site(Place::fresh());
    site.0.write(".__app.lock", ahead(3600).as_bytes());
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
    let next = look["lock"]["next_rotation"].as_str().expect("a time");
    let text = site.text("--when D");
    assert!(text.contains("\n2026-11-20.1.gz "), "{text}");
    assert!(text.contains(&format!("next rotation by the clock at {next}")), "{text}");
    // A writer that rotates by size meets one that rotates by the clock.
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

#[test]
fn a_time_that_the_schedule_does_not_give_is_found() {
    let site = by_the_day();
    for (content, args, found) in [
        ("4102444800".to_owned(), "--when D", vec!["other-time"]),
        (ahead(86_400 * 5), "--when D", vec!["other-time"]),
        (ahead(86_400 * 5), "--when D --interval 7", vec![]),
        (ahead(86_400 * 3), "--when MIDNIGHT --interval 3", vec!["other-time"]),
        ("1000000000".to_owned(), "--when D", vec![]),
    ] {
        site.0.write(".__app.lock", content.as_bytes());
        let (code, look) = site.look(args);
        assert_eq!(names(&look, true), found, "{content} {args}: {look:#}");
        assert_eq!(code, i32::from(!found.is_empty()));
        expect_valid(&[look]);
    }
}

#[test]
fn an_old_log_without_a_stored_time_is_found() {
    let site = by_the_day();
    site.0.write(".__app.lock", b"");
    site.put("app.log", "2026-11-22 12:00:05 five\n", 3 * 1440);
    let (code, look) = site.look("--when D");
    assert_eq!((code, names(&look, true)), (1, vec!["time-lost"]), "{look:#}");
    expect_valid(&[look]);
    assert_eq!(site.look("--when D --interval 7").0, 0);
    site.put("app.log", "2026-11-22 12:00:05 five\n", 3);
    assert_eq!(site.look("--when D").0, 0);
}

#[test]
fn another_log_among_the_backups_is_found() {
    let site = by_the_day();
    site.0.write(".__app.log.2026-11-20.lock", b"");
    let (code, look) = site.look("--when D");
    assert_eq!((code, names(&look, true)), (1, vec!["other-log"]), "{look:#}");
    assert_eq!(look["backups"].as_array().expect("an array").len(), 2, "it is not a backup");
    expect_valid(&[look]);
}
