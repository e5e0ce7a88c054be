//! Partial lines at the end, and slots that hold two files.

use super::*;

#[test]
fn a_torn_end_gets_a_newline_and_no_line_is_glued() {
    for torn in ["whole\nto", "t", "nul\0\0"] {
        let site = Site::new();
        site.put("app.log", torn, 1);
        site.next("").expect_quiet_success();
        site.expect(&[("app.log", &format!("{torn}\n{FRESH}"))]);
    }
}

#[test]
fn a_line_torn_while_we_run_is_noticed() {
    let site = Site::new();
    let mut tee = Tee::new(&site.0).args("-q app.log").start();
    tee.feed(b"one\n");
    until(SOON, "the line is in", || site.0.read("app.log") == b"one\n");
    let mut other = File::options().append(true).open(site.0.path("app.log")).expect("open");
    other.write_all(b"to").expect("tear a line");
    tee.feed(b"two\n");
    tee.finish().expect_quiet_success();
    site.expect(&[("app.log", "one\nto\ntwo\n")]);
}

#[test]
fn a_torn_log_that_is_full_is_rotated_and_no_line_is_glued() {
    let site = Site::new();
    site.put("app.log", "0123456789 to", 1);
    site.next("--max-bytes 10").expect_quiet_success();
    let all = String::from_utf8(site.0.chain("app.log")).expect("text");
    assert!(all == "0123456789 to\nfresh\n", "read one after another, they are glued: {all:?}");
}

#[test]
fn one_generation_in_both_forms_keeps_the_compressed_one() {
    // The plain file is what the compressed one decompresses to, or a beginning of it: a power cut
    // can cut off the end of a file or fill it with NUL bytes.
    for plain in ["a\nb\nc\n", "a\nb\n", "a\nb", "", "a\n\0\0\0\0", "a\nb\nc\n\0\0", "\0\0"] {
        let site = Site::new();
        site.put("app.log.1.gz", "a\nb\nc\n", 30).put("app.log.1", plain, 30);
        site.put("app.log.2.gz", "old\n", 60);
        site.next("--gzip").expect_quiet_success();
        site.expect(&[
            ("app.log", FRESH),
            ("app.log.1.gz", "a\nb\nc\n"),
            ("app.log.2.gz", "old\n"),
        ]);
    }
}

#[test]
fn of_equal_lines_two_generations_are_not_taken_for_one() {
    let (few, many) = ("tick\n".repeat(3), "tick\n".repeat(5));
    for (plain, age, names) in [
        (&few, 20, ["app.log.1", "app.log.2.gz"]),
        (&few, 40, ["app.log.2", "app.log.1.gz"]),
        (&many, 20, ["app.log.1", "app.log.2.gz"]),
    ] {
        let site = Site::new();
        site.put("app.log.1", plain, age).put("app.log.1.gz", &many, 30);
        site.next("--gzip").expect_quiet_success();
        site.expect(&[("app.log", FRESH), (names[0], plain), (names[1], &many)]);
    }
}

#[test]
fn two_generations_in_a_slot_are_spread_newer_first() {
    for (plain_age, order) in [(20, ["plain\n", "gzip\n"]), (40, ["gzip\n", "plain\n"])] {
        let site = Site::new();
        site.put("app.log.1", "one\n", 10).put("app.log.2.gz", "gzip\n", 30);
        site.put("app.log.2", "plain\n", plain_age).put("app.log.3", "three\n", 50);
        site.next("").expect_quiet_success();
        let form = |text: &str| if text == "gzip\n" { ".gz" } else { "" };
        let names = [2, 3].map(|slot| format!("app.log.{slot}{}", form(order[slot - 2])));
        site.expect(&[
            ("app.log", FRESH),
            ("app.log.1", "one\n"),
            (&names[0], order[0]),
            (&names[1], order[1]),
            ("app.log.4", "three\n"),
        ]);
    }
}

#[test]
fn spreading_drops_only_what_ends_beyond_the_last() {
    let site = Site::new();
    site.put("app.log.1", "10\n", 10).put("app.log.1.gz", "20\n", 20);
    site.put("app.log.2", "40\n", 40).put("app.log.2.gz", "30\n", 30);
    site.put("app.log.3", "50\n", 50);
    site.next("--backups 3").expect_quiet_success();
    site.expect(&[
        ("app.log", FRESH),
        ("app.log.1", "10\n"),
        ("app.log.2.gz", "20\n"),
        ("app.log.3.gz", "30\n"),
    ]);
}

#[test]
fn two_generations_are_told_apart_by_content_not_by_size() {
    // None is a beginning of the compressed one, though some are as long or begin alike.
    for plain in ["a\nX\n", "a\nb\nc\n", "b\n"] {
        let site = Site::new();
        site.put("app.log.1.gz", "a\nb\n", 30).put("app.log.1", plain, 20);
        site.next("").expect_quiet_success();
        site.expect(&[("app.log", FRESH), ("app.log.1", plain), ("app.log.2.gz", "a\nb\n")]);
    }
}

#[test]
fn a_broken_compressed_file_beside_a_plain_one_costs_nothing() {
    let whole = gz("a line that will not be whole\n".repeat(50).as_bytes());
    for broken in [&whole[..whole.len() - 3], &whole[..12], b"", b"no gzip at all"] {
        let site = Site::new();
        site.put_bytes("app.log.1.gz", broken, 20).put("app.log.1", "plain\n", 30);
        site.next("--gzip").expect_quiet_success();
        let plain = |file: &Found| file.content.as_deref() == Some(b"plain\n");
        let kept = files(site.0.dir(), "app.log").iter().any(plain);
        assert!(kept, "the plain one is kept");
    }
}

#[test]
fn several_members_count_as_one_file() {
    // Made as by `cat a.gz b.gz`: the last trailer describes only the last member.
    let site = Site::new();
    let two = [gz(b"a\n"), gz(b"b\n")].concat();
    site.put_bytes("app.log.1.gz", &two, 30).put("app.log.1", "a\nb\n", 30);
    site.next("").expect_quiet_success();
    site.expect(&[("app.log", FRESH), ("app.log.1.gz", "a\nb\n")]);
}

#[test]
fn slots_beyond_the_last_are_never_touched() {
    let site = Site::new();
    site.put("app.log", "log\n", 5).put("app.log.1", "one\n", 10).put("app.log.2", "two\n", 20);
    site.put("app.log.3", "three\n", 30).put("app.log.3.gz", "other\n", 25);
    site.put("app.log.4.gz", "four\n", 40).put("app.log.4", "four\n", 40);
    let ended = site.next("--backups 2 --max-bytes 1");
    ended.expect(0);
    // The warning depends on the time of the last rename, which Windows does not record.
    let warned = ended.stderr().contains("rotations keep only 2 of them");
    assert_eq!(warned, cfg!(unix), "{}", ended.stderr());
    site.expect(&[
        ("app.log", FRESH),
        ("app.log.1", "log\n"),
        ("app.log.2", "one\n"),
        ("app.log.3", "three\n"),
        ("app.log.3.gz", "other\n"),
        ("app.log.4", "four\n"),
        ("app.log.4.gz", "four\n"),
    ]);
}
