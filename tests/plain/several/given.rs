//! Options for each log, on the command line, in a settings file and in the environment; and what
//! is refused.

use super::SOON;
use crate::harness::{Place, Tee, until};

/// Asserts that the arguments are refused with a message that begins like this.
#[track_caller]
fn expect_refused(place: &Place, args: &str, message: &str) {
    let ended = Tee::new(place).args(args).run(b"a\n");
    ended.expect(2);
    let said = ended.stderr();
    assert!(said.starts_with(&format!("clh-tee: {message}")), "{args}: {said}");
}

#[test]
fn each_log_is_given_once() {
    let place = Place::fresh();
    std::fs::create_dir(place.path("logs")).expect("make a directory");
    std::os::unix::fs::symlink("logs", place.path("link")).expect("make a link");
    for (args, log, is) in [
        ("app.log --copy a app.log", "app.log", "LOG itself"),
        ("app.log --divert a ./app.log", "./app.log", "LOG itself"),
        ("app.log --copy a x --copy b x", "x", "given twice"),
        ("app.log --copy a x --divert b ./x", "./x", "given twice"),
        ("app.log --copy a logs/x --divert b link/x", "link/x", "given twice"),
        ("logs/x --copy a link/../logs/x", "link/../logs/x", "LOG itself"),
    ] {
        expect_refused(&place, args, &format!("'{log}' is {is}; give "));
    }
    assert_eq!(place.names(), ["link", "logs"], "nothing was begun");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let place = Place::fresh();
    for (args, message) in [
        ("app.log --copy (a x", "invalid value for '--copy <REGEX> <LOG2>': '(a': unclosed group"),
        ("app.log --divert a", "2 values required for '--divert <REGEX> <LOG2>'"),
        ("app.log --copy a x.log.gz", "'x.log.gz' is compressed"),
    ] {
        expect_refused(&place, args, message);
    }
    for args in ["app.log --copy a no/such.log", "no/such.log --copy a app.log"] {
        let ended = Tee::new(&place).args(args).run(b"a\n");
        ended.expect(1);
        assert!(ended.stderr().contains("'no/such.log': No such file or directory"), "{args}");
    }
    let ended =
        Tee::new(&place).args("-q app.log --copy a no/x.log --keep-going -- echo a").run(b"");
    ended.expect(0);
    assert_eq!(ended.out, b"a\n", "shown, since one log cannot be opened");
    assert_eq!(place.read("app.log"), b"a\n");
    assert!(ended.stderr().contains("'no/x.log'"), "{}", ended.stderr());
}

#[test]
fn a_log_that_is_the_output_is_refused() {
    let place = Place::fresh();
    let script = "exec \"$0\" app.log --copy a x.log >>x.log";
    let tee = Tee::new(&place).program("sh").args("-c").arg(script);
    let ended = tee.arg(env!("CARGO_BIN_EXE_clh-tee")).run(b"a\n");
    ended.expect(1);
    let message = "clh-tee: cannot append to 'x.log': it is standard output too; use -q\n";
    assert_eq!(ended.stderr(), message);
}

#[test]
fn a_file_gives_logs_in_pairs() {
    let place = Place::fresh();
    let file =
        "[log.\"app.log\"]\ncopy = ['^E', 'e.log', '^W', 'w.log']\ndivert = ['x', 'x.log']\n";
    place.write("s.toml", file.as_bytes());
    let tee = || Tee::new(&place).args("-q --config s.toml");
    tee().args("app.log").run(b"E\nW\nx\na\n").expect_quiet_success();
    // For another log there is no such setting.
    tee().args("other.log").run(b"E\n").expect_quiet_success();
    for (log, content) in
        [("app.log", "E\nW\na\n"), ("e.log", "E\n"), ("w.log", "W\n"), ("x.log", "x\n")]
    {
        assert_eq!(place.read(log), content.as_bytes(), "{log}");
    }
    let ended = tee().args("--print-config app.log").run(b"");
    let page = String::from_utf8_lossy(&ended.expect_quiet_success().out).into_owned();
    assert!(page.contains("copy = [\"^E\", \"e.log\", \"^W\", \"w.log\"] # s.toml:2\n"), "{page}");
    // It is a valid settings file again.
    place.write("t.toml", page.as_bytes());
    let again = Tee::new(&place).args("-q --config t.toml app.log").run(b"E\n");
    again.expect_quiet_success();
    assert_eq!(place.read("e.log"), b"E\nE\n");
}

#[test]
fn a_file_is_refused_where_it_is_wrong() {
    let place = Place::fresh();
    for (text, at, why) in [
        ("copy = ['a']", "1:8", "'copy': it takes two texts, REGEX and LOG2"),
        ("divert = ['a', 'b', 'c']", "1:10", "'divert': it takes two texts, REGEX and LOG2"),
        ("[log.\"other\"]\ncopy = ['(', 'b']", "2:8", "'copy': '(': unclosed group"),
    ] {
        place.write("s.toml", text.as_bytes());
        let message = format!("s.toml:{at}: invalid value for {why}");
        expect_refused(&place, "--config s.toml app.log", &message);
    }
}

#[test]
fn the_environment_cannot_give_two_values() {
    let place = Place::fresh();
    let ended = Tee::new(&place).args("app.log").env("CLH_TEE_COPY", "a").run(b"a\n");
    ended.expect(2);
    let wanted = "the environment cannot give both, but a settings file can";
    assert!(ended.stderr().contains(wanted), "{}", ended.stderr());
    // It has no effect here.
    let tee = Tee::new(&place).args("--rotate app.log").env("CLH_TEE_COPY", "a");
    place.write("app.log", b"a\n");
    tee.run(b"").expect_quiet_success();
}

/// Returns the size in bytes of each backup of `name`, plain or compressed.
fn sizes(place: &Place, name: &str) -> Vec<u64> {
    let size = |path: &std::path::PathBuf| path.metadata().expect("it is there").len();
    place.backups(name).iter().map(|backup| size(&place.path(backup))).collect()
}

#[test]
fn a_log_has_the_settings_of_its_path_else_those_of_the_command_line() {
    let place = Place::fresh();
    let file = "max-bytes = '20K'\nbackups = 7\n[log.\"e.log\"]\nmax-bytes = '10K'\ngzip = false\n\
                [log.\"app.log\"]\nbackups = 2\n";
    place.write("s.toml", file.as_bytes());
    let lines: Vec<String> = (0..4000).map(|n| format!("{n:099}\n")).collect();
    let args = "-q --config s.toml app.log --max-bytes 30K --gzip-level 1 --copy 0 e.log --copy [0-9] f.log";
    let tee = Tee::new(&place).args(args).env("CLH_TEE_MAX_BYTES", "40K");
    tee.run(lines.concat().as_bytes()).expect_quiet_success();
    let forms = |name: &str| -> Vec<bool> {
        let is_compressed = |backup: &String| backup.strip_suffix(".gz").is_some();
        place.backups(name).iter().map(is_compressed).collect()
    };
    // The file's section for its path beats the command line, which beats the environment.
    assert_eq!(sizes(&place, "e.log"), [10_300; 7]);
    assert_eq!(forms("e.log"), [false; 7]);
    assert_eq!(forms("app.log"), [true; 2]);
    // The section for LOG's path counts for LOG only; the settings for all logs count here, too.
    assert_eq!(forms("f.log"), [true; 7]);
    let newest = place.read("f.log.1.gz");
    assert_eq!(newest.len(), 30_800, "the command line's limit");
}

#[test]
fn a_program_gets_the_backups_of_each_log() {
    let place = Place::fresh();
    let script = "#!/bin/sh\necho \"${1##*/}\" >>\"$0.got\"\n";
    place.write("hook", script.as_bytes());
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(place.path("hook"), mode).expect("make it a program");
    let args = "-q --max-bytes 64K --backups 9 --stats --on-rotate ./hook app.log --divert a a.log";
    let lines = ("a".repeat(999) + "\n" + &"b".repeat(999) + "\n").repeat(70);
    let ended = Tee::new(&place).args(args).run(lines.as_bytes());
    ended.expect(0);
    until(SOON, "both", || {
        let got = place.read("hook.got");
        let mut got: Vec<_> = got.split(|byte| *byte == b'\n').filter(|l| !l.is_empty()).collect();
        got.sort();
        got == [&b"a.log.1"[..], b"app.log.1"]
    });
    assert_eq!(ended.stderr().matches("backups handed on: 1,").count(), 2, "{}", ended.stderr());
}
