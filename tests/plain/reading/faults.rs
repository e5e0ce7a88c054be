//! Chains that cannot be read completely: the reader reports it and reads the rest.

use super::{expect, expect_loss, expect_undated, gzipped, lay, numbered, read};
use crate::harness::{Place, Tee};

#[test]
fn nothing_is_there() {
    let place = Place::fresh();
    expect_loss(&read(&place, ""), "", &["cannot open 'app.log': No such file or directory"]);
    assert_eq!(place.names(), [""; 0], "and nothing is made");
    let ended = Tee::new(&place).args("--read no/app.log").start().finish();
    expect_loss(&ended, "", &["'no'", "No such file"]);
}

#[test]
fn a_log_that_is_none() {
    let place = Place::fresh();
    lay(&place, "app.log.1", "one\n");
    std::fs::create_dir(place.path("app.log")).expect("make a directory");
    expect_loss(&read(&place, ""), "", &["cannot open 'app.log': Is a directory"]);
    std::fs::remove_dir(place.path("app.log")).expect("remove it");
    std::os::unix::fs::symlink("elsewhere", place.path("app.log")).expect("make a link");
    expect_loss(&read(&place, ""), "", &["symbolic link", "elsewhere"]);
    expect_loss(&Tee::new(&place).args("--read /dev/null").start().finish(), "", &["regular"]);
}

#[test]
fn a_backup_that_may_not_be_read() {
    let place = Place::fresh();
    for (name, content) in
        [("app.log.3", "one\n"), ("app.log.2.gz", "two\n"), ("app.log.1", "three\n")]
    {
        lay(&place, name, content);
    }
    place.open_to_all();
    place.set_mode("app.log.2.gz", 0o000);
    let ended = Tee::new(&place).args("--read app.log").without_rights().start().finish();
    expect_loss(&ended, "one\nthree\n", &["cannot open 'app.log.2.gz': Permission denied"]);
    // Files left out by --since are not missing.
    super::age(&place, "app.log.3", 90);
    place.set_mode("app.log.2.gz", 0o200);
    super::age(&place, "app.log.2.gz", 90);
    let tee = Tee::new(&place).args("--read --since 1m app.log");
    expect_undated(&tee.without_rights().start().finish(), "three\n");
}

#[test]
fn a_lock_that_may_not_be_opened() {
    let place = Place::fresh();
    lay(&place, "app.log.1", "one\n");
    lay(&place, "app.log", "two\n");
    lay(&place, ".__app.lock", "");
    place.open_to_all();
    place.set_mode(".__app.lock", 0o000);
    let ended = Tee::new(&place).args("--read app.log").without_rights().start().finish();
    ended.expect(0);
    assert_eq!(ended.out, b"one\ntwo\n");
    assert!(ended.stderr().contains("warning: cannot open lock file '.__app.lock'"));
    // Read permission is enough.
    place.set_mode(".__app.lock", 0o444);
    let tee = Tee::new(&place).args("--read app.log").without_rights();
    expect(&tee.start().finish(), "one\ntwo\n");
}

#[test]
fn broken_backups() {
    let long = numbered(0, 40_000);
    let whole = gzipped(long.as_bytes());
    let place = Place::fresh();
    place.write("app.log.4.gz", &whole[..whole.len() - 4]);
    place.write("app.log.3.gz", b"this is not gzip's\n");
    place.write("app.log.2.gz", b"");
    lay(&place, "app.log.1.gz", "good\n");
    let ended = read(&place, "");
    expect_loss(
        &ended,
        &format!("{long}good\n"),
        &[
            "cannot read 'app.log.4.gz': it is cut short",
            "cannot read 'app.log.3.gz': it is damaged",
        ],
    );

    // Nearly everything before the damage is read.
    let mut damaged = whole.clone();
    let half = damaged.len() / 2;
    damaged[half..half + 40].fill(0xff);
    place.write("app.log.4.gz", &damaged);
    let ended = read(&place, "");
    ended.expect(1);
    assert!(ended.stderr().contains("'app.log.4.gz': it is damaged"));
    let read = ended.out.strip_suffix(b"good\n").expect("the others are read");
    let same = read.iter().zip(long.as_bytes()).take_while(|(a, b)| a == b).count();
    assert!(same > long.len() / 2 - 40_000, "only {same} bytes of {}", long.len());

    place.write("app.log.4.gz", &whole[..whole.len() / 2]);
    let ended = super::read(&place, "");
    ended.expect(1);
    let read = ended.out.strip_suffix(b"\ngood\n").expect("and what is torn has a newline");
    assert!(read.len() > long.len() / 3 && long.as_bytes().starts_with(read));
}

#[test]
fn wrong_usage() {
    let place = Place::fresh();
    lay(&place, "app.log", "one\n");
    for (options, word) in [
        ("-f app.log", "--read"),
        ("--since 2h app.log", "--read"),
        ("--read --since lately app.log", "2026-11-22"),
        ("--read", "LOG"),
        ("--read app.log -- true", "COMMAND"),
    ] {
        let ended = Tee::new(&place).args(options).start().finish();
        ended.expect(2);
        assert!(ended.stderr().contains(word), "{options}");
    }
}

#[test]
fn a_log_that_would_feed_itself() {
    let place = Place::fresh();
    lay(&place, "app.log", "one\n");
    let script = format!("'{}' --read app.log >> app.log", env!("CARGO_BIN_EXE_clh-tee"));
    let mut shell = std::process::Command::new("sh");
    let output = shell.args(["-c", &script]).current_dir(place.dir()).output().expect("a shell");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard output too"));
    assert_eq!(place.read("app.log"), b"one\n");
}
