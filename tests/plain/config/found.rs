//! Which settings file is used.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use nix::unistd::geteuid;

use super::{left, with, write_for_user};
use crate::harness::{Ended, Place, Tee, needs_root};

/// Runs the program for a user whose home directory is `place`.
fn at_home(place: &Place) -> Tee {
    Tee::new(place).env("XDG_CONFIG_HOME", "").env("HOME", place.dir())
}

/// Asserts whether a run used the settings that make it quiet.
#[track_caller]
fn is_quiet(ended: &Ended) -> bool {
    ended.expect_quiet_success();
    ended.out.is_empty()
}

#[test]
fn the_user_s_own_is_found() {
    let place = Place::fresh();
    write_for_user(&place, "quiet = true");
    assert!(is_quiet(&at_home(&place).args("app.log").run(b"one\n")));
    // `XDG_CONFIG_HOME` wins over the usual directory.
    fs::create_dir(place.path("xdg")).expect("make a directory");
    let elsewhere = || at_home(&place).env("XDG_CONFIG_HOME", place.path("xdg")).args("app.log");
    assert!(!is_quiet(&elsewhere().run(b"one\n")));
    place.write("xdg/clh-tee.toml", b"quiet = true");
    assert!(is_quiet(&elsewhere().run(b"one\n")));
    // A relative path is ignored.
    let relative = at_home(&place).env("XDG_CONFIG_HOME", "xdg").args("app.log");
    place.write("xdg/clh-tee.toml", b"quiet = false");
    assert!(is_quiet(&relative.run(b"one\n")));
}

#[test]
fn the_one_that_is_named_goes_first_and_stands_alone() {
    let place = Place::fresh();
    write_for_user(&place, "max-bytes = 1");
    place.write("other.toml", b"quiet = true");
    let tee = at_home(&place).args("--config other.toml app.log");
    assert!(is_quiet(&tee.run(b"one\ntwo\n")));
    let tee = at_home(&place).env("CLH_TEE_CONFIG", "other.toml").args("app.log");
    assert!(is_quiet(&tee.run(b"one\ntwo\n")));
    assert_eq!(place.backups("app.log"), [""; 0], "the user's own is not read");
    let tee = at_home(&place).env("CLH_TEE_CONFIG", "missing.toml");
    assert!(is_quiet(&tee.args("--config other.toml app.log").run(b"one\n")));
}

#[test]
fn an_empty_name_stands_for_none() {
    let place = Place::fresh();
    write_for_user(&place, "this is wrong");
    at_home(&place).args("app.log").run(b"").expect(2);
    assert!(!is_quiet(&at_home(&place).arg("--config=").args("app.log").run(b"one\n")));
    let tee = at_home(&place).env("CLH_TEE_CONFIG", "").args("app.log");
    assert!(!is_quiet(&tee.run(b"one\n")));
    assert!(!is_quiet(&at_home(&place).args("--config /dev/null app.log").run(b"one\n")));
}

#[test]
fn one_that_is_named_must_be_there() {
    let place = Place::fresh();
    let told = "clh-tee: cannot open 'missing.toml': No such file or directory\n";
    for tee in [
        Tee::new(&place).args("--config missing.toml app.log"),
        Tee::new(&place).env("CLH_TEE_CONFIG", "missing.toml").args("app.log"),
    ] {
        let ended = tee.run(b"");
        ended.expect(2);
        assert_eq!(ended.stderr(), told);
    }
    let ended = Tee::new(&place).args("--config . app.log").run(b"");
    ended.expect(2);
    assert_eq!(ended.stderr(), "clh-tee: cannot read '.': Is a directory\n");
    assert_eq!(left(&place), [""; 0]);
}

#[test]
fn one_that_cannot_be_read_is_not_passed_over() {
    let place = Place::fresh();
    place.open_to_all();
    write_for_user(&place, "quiet = true");
    if geteuid().is_root() {
        chown(place.path(".config/clh-tee.toml"), Some(65534), None).expect("give it away");
    }
    place.set_mode(".config/clh-tee.toml", 0o000);
    let ended = at_home(&place).args("app.log").without_rights().run(b"");
    ended.expect(2);
    let path = place.path(".config/clh-tee.toml");
    let told = format!("clh-tee: cannot open '{}': Permission denied\n", path.display());
    assert_eq!(ended.stderr(), told);
    with(&place, "quiet = true");
    place.set_mode("settings.toml", 0o000);
    let tee = Tee::new(&place).args("--config settings.toml app.log").without_rights();
    let ended = tee.run(b"");
    ended.expect(2);
    assert_eq!(ended.stderr(), "clh-tee: cannot open 'settings.toml': Permission denied\n");
    assert_eq!(left(&place), [""; 0]);
}

#[test]
#[ignore = "needs root"]
fn that_of_another_user_is_not_read() {
    needs_root();
    for mode in [0o644, 0o600] {
        let place = Place::fresh();
        place.open_to_all();
        write_for_user(&place, "quiet = true");
        chown(place.path(".config/clh-tee.toml"), Some(12345), None).expect("give it away");
        place.set_mode(".config/clh-tee.toml", mode);
        // Neither by root, nor by a user, readable or not.
        for tee in [at_home(&place), at_home(&place).without_rights()] {
            let ended = tee.args("app.log").run(b"one\n");
            ended.expect(0);
            assert_eq!(ended.out, b"one\n");
            let path = place.path(".config/clh-tee.toml");
            let told = "clh-tee: warning:";
            let told =
                format!("{told} '{}' belongs to another user; it is not read\n", path.display());
            assert_eq!(ended.stderr(), told);
            fs::remove_file(place.path("app.log")).expect("remove the log");
            fs::remove_file(place.path(".__app.lock")).expect("remove the lock file");
        }
        // A file given by name is used, no matter who owns it.
        let tee = Tee::new(&place).args("--config .config/clh-tee.toml app.log");
        assert!(is_quiet(&tee.run(b"one\n")));
    }
    // A home directory that we may not read, such as root's for a service, has no file for us.
    let place = Place::fresh();
    place.open_to_all();
    write_for_user(&place, "quiet = true");
    place.set_mode(".config", 0o700);
    assert!(!is_quiet(&at_home(&place).args("app.log").without_rights().run(b"one\n")));
}

#[test]
#[ignore = "needs root"]
fn the_system_s_is_found_last() {
    let place = Place::fresh();
    fs::create_dir(place.path("etc")).expect("make a directory");
    place.write("etc/clh-tee.toml", b"max-bytes = 123\n");
    // In its own mount namespace, where the directory is mounted on /etc.
    let run = |home: &Path, program: &str| {
        let bind = format!("mount --bind '{}' /etc", place.path("etc").display());
        let script = format!("{bind} && exec {program}");
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "sh", "-c", &script]).current_dir(place.dir());
        unshare.env_remove("XDG_CONFIG_HOME").env("HOME", home).output().expect("run unshare")
    };
    let tried = run(place.dir(), "true");
    assert!(tried.status.success(), "this test needs another /etc: {tried:?}");
    let page = |home: &Path| {
        let ended = run(home, concat!(env!("CARGO_BIN_EXE_clh-tee"), " --print-config app.log"));
        assert!(ended.status.success(), "{ended:?}");
        String::from_utf8(ended.stdout).expect("UTF-8")
    };
    let shown = page(Path::new("/dev/null/none"));
    assert!(
        shown.contains("max-bytes = 123") && shown.contains("# /etc/clh-tee.toml:1;"),
        "{shown}"
    );
    write_for_user(&place, "backups = 7");
    let shown = page(place.dir());
    assert!(!shown.contains("/etc/") && shown.contains("backups = 7"), "{shown}");
}
