//! `--print-config` prints every setting in force and its origin, as a valid settings file.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::{left, with};
use crate::harness::{Place, Tee};

/// Returns what `--print-config` prints; asserts that it does nothing else.
#[track_caller]
fn page(place: &Place, tee: Tee) -> String {
    let ended = tee.args("--print-config app.log").run(b"");
    ended.expect_quiet_success();
    assert_eq!(left(place), [""; 0], "nothing was made");
    String::from_utf8(ended.out.clone()).expect("UTF-8")
}

/// Returns the settings in `page` and their origins, without the sizes in bytes.
fn settings(page: &str) -> Vec<(&str, &str)> {
    let lines = page.lines().skip(1);
    lines
        .map(|line| line.rsplit_once(" # ").expect("a comment"))
        .map(|(setting, origin)| (setting.trim_end(), origin.split("; ").next().expect("a part")))
        .collect()
}

#[test]
fn a_size_is_shown_as_it_was_read() {
    for (given, shown) in [
        ("10MB", "10485760 bytes (10.0MiB)"),
        ("10M", "10485760 bytes (10.0MiB)"),
        ("4096B", "4096 bytes (4.0KiB)"),
        ("10", "10 bytes"),
    ] {
        let place = Place::fresh();
        let page = page(&place, Tee::new(&place).args("--max-bytes").args(given));
        let line = page.lines().find(|line| line.starts_with("max-bytes")).expect("it is shown");
        assert!(line.ends_with(&format!(" # command line; {shown}")), "{line}");
    }
    let place = Place::fresh();
    let page = page(&place, Tee::new(&place));
    let backups = page.lines().find(|line| line.starts_with("backups")).expect("it is shown");
    assert!(backups.ends_with(" # default: 5, or as many as there are"), "{backups}");
}

/// Settings of every kind and every origin.
fn varied(place: &Place) -> Tee {
    let text = "max-bytes = \"512K\"\ngzip = true\nlock-timeout = 2.5\nbackups = 7\n\n\
                [log.\"app.log\"]\nlock-dir = \"a \\\"b\\\" # c\\n\"\nbackup-count = 8\nstats = true\n";
    let tee = with(place, text).env("CLH_TEE_DRAIN_TIMEOUT", "1m").env("CLH_TEE_STATS", "off");
    tee.args("--max-line 64K --gzip=no")
}

#[test]
fn every_setting_is_shown_with_its_origin() {
    let place = Place::fresh();
    let page = page(&place, varied(&place));
    let settings = settings(&page);
    for wanted in [
        ("max-bytes = \"512K\"", "settings.toml:1"),
        ("gzip = false", "command line"),
        ("lock-timeout = \"2.5\"", "settings.toml:3"),
        ("backups = 8", "settings.toml:8"),
        ("lock-dir = \"a \\\"b\\\" # c\\u000A\"", "settings.toml:7"),
        ("stats = false", "environment CLH_TEE_STATS"),
        ("drain-timeout = \"1m\"", "environment CLH_TEE_DRAIN_TIMEOUT"),
        ("max-line = \"64K\"", "command line"),
        ("buffer = \"8M\"", "default"),
        ("quiet = false", "default"),
        ("chmod = false", "default"),
    ] {
        assert!(settings.contains(&wanted), "{wanted:?} in {page}");
    }
    let log = place.dir().canonicalize().expect("it is there").join("app.log");
    let heading = format!("# Settings for {}", log.display());
    assert_eq!(page.lines().next(), Some(&*heading));
}

#[test]
fn every_option_is_shown_once() {
    let place = Place::fresh();
    let help = Tee::new(&place).args("--help").run(b"");
    let help = String::from_utf8(help.out.clone()).expect("UTF-8");
    // Descriptions of options are indented further.
    let lines = help.lines().filter(|line| !line.starts_with("       "));
    let lines = lines.map(str::trim_start).filter(|line| line.starts_with('-'));
    let options = lines
        .filter_map(|line| line.split([' ', '=', '[']).find_map(|word| word.strip_prefix("--")));
    let asks = [
        "help",
        "version",
        "config",
        "print-config",
        "status",
        "json",
        "count",
        "repair",
        "read",
        "follow",
        "since",
        "lines",
        "rotate",
    ];
    let mut options: Vec<_> = options.filter(|option| !asks.contains(option)).collect();
    assert!(options.len() > 15, "{options:?}");
    let page = page(&place, Tee::new(&place));
    let settings = settings(&page);
    let names = settings.iter().map(|(setting, _)| setting.split(' ').next().expect("a name"));
    let mut names: Vec<_> = names.collect();
    options.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, options);
}

#[test]
fn the_page_is_a_file_that_gives_the_same_settings() {
    let place = Place::fresh();
    let first = page(&place, varied(&place));
    let second = page(&place, with(&place, &first));
    let of = |page| settings(page).into_iter().map(|(setting, _)| setting.to_owned());
    assert_eq!(of(&first).collect::<Vec<_>>(), of(&second).collect::<Vec<_>>());
    // Now all settings come from the file, each from its own line.
    for (number, (setting, origin)) in settings(&second).into_iter().enumerate() {
        assert_eq!(origin, format!("settings.toml:{}", number + 2), "{setting}");
    }
}

#[test]
fn what_no_file_can_say_is_shown_as_a_comment() {
    let place = Place::fresh();
    let tee = Tee::new(&place).args("--lock-dir").arg(OsStr::from_bytes(b"caf\xe9"));
    let page = page(&place, tee);
    let wanted = "# lock-dir = 'caf\\xe9'";
    let line = page.lines().find(|line| line.starts_with(wanted)).expect("it is shown");
    assert!(line.ends_with(" # not UTF-8, which no file can say; command line"), "{line}");
}
