//! A file system without locks: the program refuses the log before it reads any input.

use super::*;

/// Runs the program so that each of its `flock` calls fails with `error`.
fn without_locks(place: &Place, error: &str) -> Tee {
    let inject = format!("-f -qq -o /dev/null -e trace=flock -e inject=flock:error={error}");
    Tee::new(place).program("strace").args(&inject).arg(env!("CARGO_BIN_EXE_clh-tee"))
}

/// Does the same, but only for calls about this file.
fn without_locks_of(place: &Place, name: &str) -> Tee {
    let tee =
        Tee::new(place).program("strace").args("-f -qqq -o /dev/null -P").arg(place.path(name));
    tee.args("-e trace=flock -e inject=flock:error=ENOSYS").arg(env!("CARGO_BIN_EXE_clh-tee"))
}

#[test]
#[ignore = "needs strace"]
fn it_is_refused_with_a_tip() {
    for (error, words) in [
        ("ENOSYS", "Function not implemented"),
        ("EOPNOTSUPP", "Operation not supported"),
        ("EINVAL", "Invalid argument"),
    ] {
        for lock_file in [false, true] {
            let place = Place::fresh();
            if lock_file {
                place.write(".__app.lock", b"");
            }
            let wanted = format!(
                "clh-tee: cannot lock '.__app.lock': {words}; \
                 its file system has no locks; give --lock-dir on a local disk"
            );
            let stderr = refused(without_locks(&place, error).args("app.log"), 1);
            assert_eq!(stderr, format!("{wanted}\n"), "{lock_file}");
            let stderr = refused(without_locks(&place, error).args("app.log -- echo ran"), 125);
            assert!(stderr.starts_with(&wanted) && !stderr.contains("ran\n"), "{stderr}");
            let ended =
                without_locks(&place, error).args("-q --keep-going app.log -- echo ran").run(b"");
            ended.expect(0);
            assert_eq!(ended.out, b"ran\n", "{}", ended.stderr());
            assert!(ended.stderr().contains("cannot lock"), "{}", ended.stderr());
            assert!(!place.path("app.log").exists());
        }
    }
}

#[test]
#[ignore = "needs strace"]
fn a_look_and_a_reader_say_so() {
    let place = Place::fresh();
    Tee::new(&place).args("app.log").run(b"one\n").expect_quiet_success();
    let ended = without_locks(&place, "ENOSYS").args("--status app.log").run(b"");
    ended.expect(1);
    let shown = String::from_utf8_lossy(&ended.out).into_owned();
    assert!(shown.contains("no-locking") || shown.contains("has no locks"), "{shown}");
    assert!(!shown.contains("another process held"), "{shown}");
    let ended = without_locks(&place, "ENOSYS").args("--read app.log").run(b"");
    ended.expect(0);
    assert_eq!(ended.out, b"one\n");
    let said = "cannot lock '.__app.lock': Function not implemented; it is read without the lock";
    assert!(ended.stderr().contains(said), "{}", ended.stderr());
}

#[test]
#[ignore = "needs strace"]
fn too_many_locks_are_a_trouble_that_passes() {
    let place = Place::fresh();
    let ended = without_locks(&place, "ENOLCK:when=1..4").args("-q app.log").run(b"one\n");
    ended.expect(0);
    assert!(ended.stderr().contains("cannot lock '.__app.lock'"), "{}", ended.stderr());
    assert_eq!(place.read("app.log"), b"one\n");
}

#[test]
#[ignore = "needs strace"]
fn locks_that_go_away_later_are_not_waited_for() {
    let place = Place::fresh();
    // Only for the lock file, which is made at the first line; the check of the directory passed.
    let mut tee = without_locks_of(&place, ".__app.lock").args("-q app.log").start();
    tee.feed(b"one\n");
    tee.end_input();
    let ended = tee.end_within(SOON);
    ended.expect(1);
    assert!(ended.stderr().ends_with("; 1 line lost, as follows\none\n"), "{}", ended.stderr());
}
