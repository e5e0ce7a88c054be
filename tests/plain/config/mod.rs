//! Settings in one place: with a settings file, calls without options do the right thing. A mistake
//! in the file is reported with its line, before anything is read or made.
//!
//! `found` shows which file is used, `faults` what is refused, `shown` what `--print-config`
//! prints, and this file what settings do to a log.

mod faults;
mod found;
mod shown;

use std::fs;
use std::process::{Child, Command, Stdio};

use crate::harness::{Place, Tee};

/// What the three jobs have in common.
const FOR_THE_JOBS: &str = "\
quiet = true

[log.\"*.log\"]
max-bytes = \"16384B\"
backups = 4
gzip = true
";

/// Writes `text` to the settings file of a user whose home directory is `place`.
fn write_for_user(place: &Place, text: &str) {
    fs::create_dir_all(place.path(".config")).expect("make a directory");
    place.write(".config/clh-tee.toml", text.as_bytes());
}

fn with(place: &Place, text: &str) -> Tee {
    place.write("settings.toml", text.as_bytes());
    Tee::new(place).args("--config settings.toml")
}

/// Returns the names in `place` except those that the tests made.
fn left(place: &Place) -> Vec<String> {
    let ours = ["settings.toml", ".config", "program"];
    place.names().into_iter().filter(|name| !ours.contains(&name.as_str())).collect()
}

/// Starts a job as cron does: in a shell, with hardly any environment.
fn job(place: &Place, number: u32, lines: u32) -> Child {
    let program = env!("CARGO_BIN_EXE_clh-tee");
    let script = format!(
        "for n in $(seq {lines}); do echo \"job {number} line $n says the same as ever\"; done | \
         '{program}' app.log"
    );
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &script]).env_clear().env("HOME", place.dir()).env("PATH", "/usr/bin:/bin");
    shell.current_dir(place.dir()).stdin(Stdio::null());
    shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start a shell")
}

#[test]
fn a_file_alone_makes_three_jobs_right() {
    const LINES: u32 = 1000;
    let place = Place::fresh();
    write_for_user(&place, FOR_THE_JOBS);
    let jobs: Vec<Child> = (1..=3).map(|number| job(&place, number, LINES)).collect();
    for job in jobs {
        let ended = job.wait_with_output().expect("wait for a job");
        assert!(ended.status.success(), "{ended:?}");
        assert!(ended.stdout.is_empty() && ended.stderr.is_empty(), "{ended:?}");
    }
    // 3,000 lines of at least 39 bytes are seven logs of 16 KiB and a bit.
    let backups = place.backups("app.log");
    let wanted: Vec<_> = (1..=4).rev().map(|slot| format!("app.log.{slot}.gz")).collect();
    assert_eq!(backups, wanted);
    for name in &backups {
        let size = place.read(name).len();
        assert!((16_384..16_384 + 60).contains(&size), "{name}: {size}");
    }
    assert!(place.read("app.log").len() < 16_384 + 60);
    let chain = String::from_utf8(place.chain("app.log")).expect("UTF-8");
    for number in 1..=3 {
        let last = format!("job {number} line {LINES} ");
        assert_eq!(chain.matches(&last).count(), 1, "{last}");
    }
}

#[test]
fn the_command_line_beats_the_environment_and_both_beat_the_file() {
    let text = "max-bytes = 1\nbackups = 1\ngzip = true\nquiet = true\n";
    for (environment, args, names) in [
        (None, "", [".__app.lock", "app.log", "app.log.1.gz", ""]),
        (Some("2"), "", [".__app.lock", "app.log", "app.log.1.gz", "app.log.2.gz"]),
        (None, "--backups 2", [".__app.lock", "app.log", "app.log.1.gz", "app.log.2.gz"]),
        (Some("2"), "--backups 1", [".__app.lock", "app.log", "app.log.1.gz", ""]),
        (Some("1"), "--backups 2", [".__app.lock", "app.log", "app.log.1.gz", "app.log.2.gz"]),
        (Some("1"), "--gzip=no", [".__app.lock", "app.log", "app.log.1", ""]),
    ] {
        let place = Place::fresh();
        let tee = with(&place, text).args(args).args("app.log");
        let tee = match environment {
            Some(value) => tee.env("CLH_TEE_BACKUPS", value),
            None => tee,
        };
        let ended = tee.run(b"one\ntwo\nthree\nfour\n");
        ended.expect_quiet_success();
        assert!(ended.out.is_empty(), "quiet");
        let names = names.iter().filter(|name| !name.is_empty());
        assert_eq!(left(&place), names.copied().collect::<Vec<_>>(), "{environment:?} {args}");
    }
}

#[test]
fn flags_of_the_file_can_be_switched_off() {
    let place = Place::fresh();
    with(&place, "quiet = true").args("app.log").run(b"one\n").expect_quiet_success();
    for (value, args) in [("off", ""), ("1", "--quiet=no"), ("0", "--quiet=false")] {
        let tee = with(&place, "quiet = true").env("CLH_TEE_QUIET", value).args(args);
        let ended = tee.args("app.log").run(b"two\n");
        ended.expect_quiet_success();
        assert_eq!(ended.out, b"two\n", "{value} {args}");
    }
    let ended = with(&place, "quiet = false").args("--quiet=yes app.log").run(b"three\n");
    ended.expect_quiet_success();
    assert!(ended.out.is_empty());
}

#[test]
fn later_sections_beat_earlier_ones_where_they_match() {
    let place = Place::fresh();
    let here = place.dir().canonicalize().expect("it is there");
    let here = here.display();
    let text = format!(
        "[log.\"*.log\"]\nmax-bytes = 1\nquiet = true\n\
         [log.\"{here}/deep/*.log\"]\ngzip = true\n\
         [log.\"{here}/**/b.log\"]\nbackups = 0\n\
         [log.\"a.log\"]\nbackups = 1\n\
         [log.\"*.txt\"]\nquiet = true\n"
    );
    for (log, names) in [
        ("a.log", &["a.log", "a.log.1"][..]),
        ("deep/a.log", &["a.log", "a.log.1.gz"]),
        ("deep/b.log", &["b.log"]),
        ("c.log", &["c.log", "c.log.1", "c.log.2"]),
        ("c.txt", &["c.txt"]),
    ] {
        let ended = with(&place, &text).args("--mkdir").args(log).run(b"one\ntwo\nthree\n");
        ended.expect_quiet_success();
        assert!(ended.out.is_empty(), "{log}");
        let (directory, name) = log.rsplit_once('/').unwrap_or((".", log));
        let entries = fs::read_dir(place.path(directory)).expect("list the directory");
        let entries = entries.map(|entry| entry.expect("list it").file_name());
        let found = entries.map(|name| name.to_string_lossy().into_owned());
        let mut found: Vec<_> = found.filter(|found| found.starts_with(name)).collect();
        found.sort();
        assert_eq!(found, names, "{log}");
    }
}

#[test]
fn a_section_is_about_a_log_however_its_path_is_given() {
    let place = Place::fresh();
    fs::create_dir(place.path("logs")).expect("make a directory");
    std::os::unix::fs::symlink("logs", place.path("link")).expect("make a link");
    let real = place.dir().canonicalize().expect("it is there").join("logs/app.log");
    let text = format!("[log.\"{}\"]\nquiet = true\n", real.display());
    for given in ["logs/app.log", "./logs/app.log", "logs/../logs/app.log", "link/app.log"] {
        let ended = with(&place, &text).args(given).run(b"one\n");
        ended.expect_quiet_success();
        assert!(ended.out.is_empty(), "{given}");
    }
    // The section applies through the path given and through the real path.
    let linked = format!("[log.\"{}\"]\nquiet = true\n", place.path("link/app.log").display());
    let ended = with(&place, &linked).args("link/app.log").run(b"one\n");
    ended.expect_quiet_success();
    assert!(ended.out.is_empty());
}

#[test]
fn what_belongs_to_another_option_may_stand_alone_in_a_file() {
    // On the command line, a level without compression is a mistake.
    let place = Place::fresh();
    let text = "gzip-level = 9\nquiet-ok = true\nmarkers = true\nkeep-going = true\n\
                at-time = 03:30:00\ninterval = 2\n";
    let ended = with(&place, text).args("-q --max-bytes 1 app.log").run(b"one\ntwo\n");
    ended.expect_quiet_success();
    assert!(ended.out.is_empty(), "quiet, though output is kept back where there is a COMMAND");
    assert_eq!(place.backups("app.log"), ["app.log.1"]);
    with(&place, text).args("-q --when H timed.log").run(b"").expect_quiet_success();
}

#[test]
fn a_level_on_the_command_line_compresses_and_one_in_a_file_does_not() {
    let place = Place::fresh();
    for (text, args, gzip) in [
        ("", "--gzip-level 9", true),
        ("gzip = false", "--gzip-level 9", true),
        ("", "--gzip-level 9 --gzip=no", false),
        ("gzip-level = 9", "", false),
    ] {
        let ended = with(&place, text).args(args).args("--print-config app.log").run(b"");
        let shown = String::from_utf8_lossy(&ended.out);
        assert!(shown.contains(&format!("\ngzip = {gzip} ")), "{text} {args}: {shown}");
    }
    let tee = Tee::new(&place).args("-q --max-bytes 1 --gzip-level 9 app.log");
    tee.run(b"one\ntwo\n").expect_quiet_success();
    assert_eq!(place.backups("app.log"), ["app.log.1.gz"]);
}

#[test]
fn a_stream_in_a_tag_is_for_every_mode() {
    let place = Place::fresh();
    let text = "tag = \"{stream}\"";
    with(&place, text).args("-q app.log").run(b"one\n").expect_quiet_success();
    with(&place, text).args("-q app.log -- echo two").run(b"").expect_quiet_success();
    assert_eq!(place.read("app.log"), b"in: one\nout: two\n");
    for mode in ["--read", "--status", "--rotate", "--repair", "--print-config"] {
        with(&place, text).args(mode).args("app.log").run(b"").expect(0);
    }
}

#[test]
fn the_example_that_comes_along_is_right() {
    let place = Place::fresh();
    let example = include_str!("../../../docs/clh-tee.toml");
    // A mere proposal has a # without a space.
    let proposals = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => format!("{rest}\n"),
        _ => format!("{line}\n"),
    };
    let complete: String = example.lines().map(proposals).collect();
    assert_ne!(example, complete);
    for text in [example, &complete] {
        let ended = with(&place, text).args("--print-config /var/log/jobs/backup.log").run(b"");
        ended.expect_quiet_success();
        let shown = String::from_utf8_lossy(&ended.out);
        for wanted in ["max-bytes = \"1M\" ", "backups = 9 ", "gzip = true ", "quiet = true "] {
            assert!(shown.contains(wanted), "{wanted} in {shown}");
        }
    }
}
