//! What differs on Windows.

use super::*;
use crate::RotatingLog;
use std::path::PathBuf;

/// Opens a file like Python: no process can rename or remove it meanwhile.
fn open_as_python(path: &Path) -> File {
    OpenOptions::new().read(true).share_mode(SHARE_READ | SHARE_WRITE).open(path).unwrap()
}

fn log_in_new_directory() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.log");
    (dir, path)
}

#[test]
fn a_backup_that_is_open_elsewhere_puts_rotation_off() {
    let (dir, path) = log_in_new_directory();
    let mut log = RotatingLog::options().max_bytes(4).open(&path).unwrap();
    log.append(b"one\ntwo\nthree\n").unwrap();
    let reader = open_as_python(&dir.path().join("app.log.1"));
    log.append(b"four\n").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"three\nfour\n");
    drop(reader);
    log.hold().unwrap().rotate().unwrap();
    let content = ["app.log.3", "app.log.2", "app.log.1"]
        .map(|name| fs::read(dir.path().join(name)).unwrap());
    assert_eq!(content, [&b"one\n"[..], b"two\n", b"three\nfour\n"]);
}

#[test]
fn between_holds_the_log_is_not_in_use_and_what_others_append_is_counted() {
    let (_dir, path) = log_in_new_directory();
    fs::write(&path, "one\n").unwrap();
    let mut log = RotatingLog::options().open(&path).unwrap();
    // Opening a file exclusively fails if any process has it open.
    let alone = || OpenOptions::new().read(true).share_mode(0).open(&path);
    alone().unwrap();
    log.append(b"two\n").unwrap();
    alone().unwrap();
    let hold = log.hold().unwrap();
    assert!(alone().is_err());
    assert_eq!(hold.others(), 0);
    hold.finish().unwrap();
    alone().unwrap();
    log.sync().unwrap();
    fs::write(&path, "one\ntwo\nthree\n").unwrap();
    assert_eq!(log.hold().unwrap().others(), 6);
}

#[test]
fn no_process_can_remove_the_lock_file_while_it_is_open() {
    let (dir, path) = log_in_new_directory();
    let mut log = RotatingLog::options().open(&path).unwrap();
    log.append(b"one\n").unwrap();
    let lock = dir.path().join(".__app.lock");
    assert!(fs::remove_file(&lock).is_err() && fs::rename(&lock, &path).is_err());
    drop(log);
    fs::remove_file(&lock).unwrap();
}

#[test]
fn mode_and_owner_are_refused() {
    let (_dir, path) = log_in_new_directory();
    for options in [
        RotatingLog::options().mode(Some(0o600)),
        RotatingLog::options().owner(Some(1), None),
        RotatingLog::options().owner(None, Some(1)),
    ] {
        let error = options.open(&path).unwrap_err();
        assert_eq!(error.reason(), "Windows has neither");
    }
}

#[test]
fn which_file_it_is_stays_when_it_is_renamed() {
    let (dir, path) = log_in_new_directory();
    fs::write(&path, "one\n").unwrap();
    let before = identity(&look_at(&path).unwrap());
    let moved = dir.path().join("app.log.1");
    fs::rename(&path, &moved).unwrap();
    fs::write(&path, "two\n").unwrap();
    assert_eq!(identity(&look_at(&moved).unwrap()), before);
    assert_ne!(identity(&look_at(&path).unwrap()), before);
    assert_eq!(identity(&about(&File::open(&moved).unwrap()).unwrap()), before);
}

#[test]
fn what_is_appended_goes_to_the_end_wherever_was_read() {
    let (_dir, path) = log_in_new_directory();
    fs::write(&path, "one\n").unwrap();
    let file = log_options().read(true).open(&path).unwrap();
    file.read_exact_at(&mut [0], 1).unwrap();
    assert_eq!(append(&file, b"two\n").unwrap(), 4);
    file.set_len(6).unwrap();
    assert_eq!(append(&file, b"three\n").unwrap(), 6);
    assert_eq!(fs::read(&path).unwrap(), b"one\ntwthree\n");
}
