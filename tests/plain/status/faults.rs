//! Every fault, alone and all at once.

use std::os::unix::fs::{chown, symlink};

use super::*;
use crate::harness::needs_root;

/// A fault: its name in the output, the options, and how to make it.
type Fault = (&'static str, &'static str, fn(&Site));

/// Returns bytes that do not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (state >> 33).to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

/// Every fault that can be made without root.
const FAULTS: [Fault; 24] = [
    ("small-limit", "--max-bytes 4K", |_| {}),
    ("overgrown", "--max-bytes 64K", |site| site.put("app.log", &"line\n".repeat(400_000), 1)),
    ("orphan", "", |site| site.put("app.log.rotate.1234567890", "line\n", 1)),
    ("orphan", "", |site| site.put("app.log.rotate.1234567890.gz", "line\n", 1)),
    ("leftover", "", |site| site.put_bytes(".__app.log.0123456789abcdef.gz", b"x", 1)),
    ("broken-gzip", "", |site| site.put_bytes("app.log.2.gz", b"", 1)),
    ("broken-gzip", "", |site| site.put_bytes("app.log.2.gz", &[0; 4000], 1)),
    ("broken-gzip", "", |site| site.put_bytes("app.log.2.gz", b"plain text, not compressed\n", 1)),
    ("broken-gzip", "", |site| cut_short(site, 12)),
    ("broken-gzip", "", |site| cut_short(site, 3000)),
    ("broken-gzip", "", |site| cut_short(site, 90_000)),
    ("broken-gzip", "--count", damage),
    ("double-slot", "", |site| site.put("app.log.2", "other\n", 1)),
    ("gap", "", |site| site.put("app.log.4.gz", "line\n", 4)),
    ("strays", "--backups 1", |_| {}),
    ("strays", "--backups 5", |site| {
        for slot in 7..=9 {
            site.put(&format!("app.log.{slot}"), "line\n", slot);
        }
    }),
    ("blocked", "", |site| fs::create_dir(site.0.path("app.log.3")).expect("make a directory")),
    ("other-log", "", |site| {
        site.put("app.log.5", "another log's\n", 1);
        site.0.write(".__app.log.5.lock", b"");
    }),
    ("timed-writer", "", |site| site.0.write(".__app.lock", b"1795366800")),
    ("exposed", "", |site| site.0.set_mode("app.log.1.gz", 0o646)),
    ("open-directory", "", |site| site.0.open_to_all()),
    ("lock-closed", "", |site| {
        site.0.set_mode("app.log", 0o664);
        site.0.set_mode(".__app.lock", 0o600);
    }),
    ("symbolic-link", "", |site| {
        fs::rename(site.0.path("app.log"), site.0.path("other.log")).expect("rename");
        symlink("other.log", site.0.path("app.log")).expect("make a link");
    }),
    ("symbolic-link", "", |site| {
        fs::rename(site.0.path(".__app.lock"), site.0.path("lock")).expect("rename");
        symlink("lock", site.0.path(".__app.lock")).expect("make a link");
    }),
];

/// Cuts a compressed backup short.
fn cut_short(site: &Site, length: usize) {
    let whole = gzipped(&noise(200_000));
    site.put_bytes("app.log.2.gz", &whole[..length], 3);
}

/// Damages the middle of a compressed backup.
fn damage(site: &Site) {
    let mut whole = gzipped(&noise(200_000));
    whole[100_000] ^= 1;
    site.put_bytes("app.log.2.gz", &whole, 3);
}

#[test]
fn each_fault_is_found_and_nothing_else() {
    let mut looks = Vec::new();
    for (name, args, make) in FAULTS {
        let site = Site::healthy();
        let (code, healthy) = site.look("");
        assert_eq!((code, &healthy["healthy"]), (0, &Value::Bool(true)), "{healthy:#}");
        make(&site);
        let (code, look) = site.look(args);
        assert_eq!(names(&look, true), [name], "{args}: {look:#}");
        assert_eq!((code, &look["healthy"]), (1, &Value::Bool(false)), "{name}");
        let text = site.text(args);
        let finding = &look["findings"][0];
        for sentence in ["what", "means", "do"] {
            let sentence = finding[sentence].as_str().expect("a sentence");
            assert!(text.contains(sentence), "{name}: {sentence:?} is in {text}");
        }
        looks.push(look);
    }
    expect_valid(&looks);
}

#[test]
fn a_log_is_overgrown_once_more_than_one_record_is_beyond_its_limit() {
    for (content, found) in [
        ("line\n".repeat(40_000), true),
        ("line\n".repeat(21_000), false),
        ("line\n".repeat(20_000) + &"x".repeat(900_000) + "\n", false),
        ("line\n".repeat(20_000) + &"x".repeat(900_000) + "\n" + &"line\n".repeat(40_000), true),
    ] {
        let site = Site::healthy();
        site.put("app.log", &content, 1);
        let (_, look) = site.look("--max-bytes 100K");
        let wanted: &[&str] = if found { &["overgrown"] } else { &[] };
        assert_eq!(names(&look, true), wanted, "{} bytes", content.len());
    }
}

#[test]
fn all_faults_at_once_are_all_found() {
    let site = Site::healthy();
    let mut wanted = Vec::new();
    for (name, _, make) in FAULTS {
        // A log that is not a file cannot have the faults of one.
        if name != "symbolic-link" {
            make(&site);
            wanted.push(name);
        }
    }
    let (code, look) = site.look("--count --max-bytes 32K --backups 6");
    wanted.sort_unstable();
    wanted.dedup();
    let mut found = names(&look, true);
    found.sort_unstable();
    found.dedup();
    assert_eq!((code, found), (1, wanted), "{look:#}");
    expect_valid(&[look]);
}

#[test]
fn what_needs_no_action_is_told_and_is_no_fault() {
    let notes: [Fault; 5] = [
        ("no-log", "", |site| fs::remove_file(site.0.path("app.log")).expect("remove")),
        ("no-lock", "", |site| fs::remove_file(site.0.path(".__app.lock")).expect("remove")),
        ("torn", "", |site| site.put("app.log", "whole\nto", 1)),
        ("torn", "--count", |site| site.put("app.log", "whole\nto", 1)),
        ("open-directory", "", |site| site.0.set_mode(".", 0o1777)),
    ];
    let mut looks = Vec::new();
    for (name, args, make) in notes {
        let site = Site::healthy();
        make(&site);
        let (code, look) = site.look(args);
        assert_eq!((code, names(&look, true), names(&look, false)), (0, vec![], vec![name]));
        assert!(site.text(args).contains("app.log: healthy"));
        looks.push(look);
    }
    expect_valid(&looks);
}

#[test]
#[ignore = "needs root"]
fn users_of_the_log_that_cannot_write_it_are_found() {
    const STRANGER: u32 = 65534;
    needs_root();
    let give = |site: &Site, name: &str| {
        chown(site.0.path(name), Some(STRANGER), Some(STRANGER)).expect("give a file away");
    };
    // A stranger has rotated the log and can no longer append.
    let site = Site::healthy();
    give(&site, "app.log.1.gz");
    let (code, look) = site.look("");
    assert_eq!((code, names(&look, true)), (1, vec!["cannot-append"]), "{look:#}");
    // A stranger's log in a directory of root's.
    let site = Site::healthy();
    give(&site, "app.log");
    let (code, rotate) = site.look("");
    assert_eq!((code, names(&rotate, true)), (1, vec!["cannot-rotate"]), "{rotate:#}");
    // The stranger owns all of it.
    let site = Site::healthy();
    for name in [".", "app.log", "app.log.1.gz", "app.log.2.gz"] {
        give(&site, name);
    }
    assert_eq!(site.look("").0, 0);
    expect_valid(&[look, rotate]);
}

#[test]
fn a_whole_backup_is_never_called_broken() {
    let long = noise(300_000);
    let two = [gzipped(&long), gzipped(b"the trailer of this one is of no use\n")].concat();
    for whole in [gzipped(b""), gzipped(&long), gzipped(&vec![b'a'; 3_000_000]), two] {
        let site = Site::healthy();
        site.put_bytes("app.log.2.gz", &whole, 3);
        for args in ["", "--count"] {
            let (code, look) = site.look(args);
            assert_eq!((code, names(&look, true)), (0, vec![]), "{look:#}");
            let content = site.0.read("app.log.2.gz").len();
            assert_eq!(look["backups"][1]["content"], content);
        }
    }
}

#[test]
fn a_file_system_without_modes_is_one_fault() {
    let site = Site::healthy();
    for slot in 3..=150_u64 {
        site.put(&format!("app.log.{slot}.gz"), "2026-11-22 12:00:00 line\n", slot);
    }
    for name in site.0.names() {
        site.0.set_mode(&name, 0o777);
    }
    let (code, look) = site.look("--backups 200");
    assert_eq!((code, names(&look, true)), (1, vec!["exposed"]), "{look:#}");
    assert_eq!(look["findings"][0]["paths"].as_array().map(Vec::len), Some(152));
    let text = site.text("--backups 200");
    assert!(text.contains("'app.log' and 151 others (mode 0777)"), "{text}");
    expect_valid(&[look]);
}
