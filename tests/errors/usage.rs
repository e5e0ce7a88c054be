//! Wrong usage: status 2, and a hint at what is wrong.

use crate::harness::{Place, Tee};
use crate::refused;

/// Asserts that the arguments are refused with status 2, and `hint` is said.
#[track_caller]
fn misused(args: &str, hint: &str) {
    let place = Place::fresh();
    let stderr = refused(Tee::new(&place).args(args), 2);
    assert!(stderr.contains(hint), "says '{hint}': {stderr}");
    assert_eq!(place.names(), [""; 0], "nothing was made");
}

#[test]
fn wrong_usage() {
    misused("", "LOG");
    misused("one.log two.log", "two.log");
    misused("--no-such-option app.log", "--no-such-option");
    misused("--overflow maybe app.log", "maybe");
    misused("--sync sometimes app.log", "sometimes");
}

#[test]
fn tips_for_what_people_try() {
    misused("-a app.log", "it always appends");
    misused("-5 app.log", "a log of this name as './-5'");
    misused("app.log ls", "clh-tee LOG -- ls -l");
    misused("--timestamp %T app.log", "--timestamp='%F %T'");
    misused("--maxbytes 5M app.log", "'--max-bytes'");
    let place = Place::fresh();
    let tee = Tee::new(&place).args("--maxbytes 5M app.log");
    assert!(!refused(tee, 2).contains("./"), "an option that is mistyped is no log's name");
    for (name, value) in [("CLH_TEE_GZIP", "maybe"), ("CLH_TEE_MAX_BYTES", "five")] {
        let tee = Tee::new(&place).args("app.log").env(name, value);
        let stderr = refused(tee, 2);
        assert!(stderr.contains(value) && stderr.contains(name), "{stderr}");
    }
}

#[test]
fn bad_sizes() {
    for size in ["much", "10X", "1..5K", "K", "99999999999999999999", "99999999999G"] {
        for option in ["--max-bytes", "--max-line", "--buffer"] {
            misused(&format!("{option} {size} app.log"), size);
        }
    }
    misused("--max-bytes=-1 app.log", "-1");
    // Lines of no bytes, or a queue that takes none, would never end.
    misused("--max-line 0 app.log", "--max-line");
}

#[test]
fn bad_numbers_and_times() {
    for number in ["-1", "many", "1.5", "99999999999999999999"] {
        misused(&format!("--backups={number} app.log"), number);
    }
    for level in ["0", "10", "best"] {
        misused(&format!("--gzip --gzip-level {level} app.log"), level);
    }
    for time in ["soon", "5 parsecs", "-1s"] {
        misused(&format!("--lock-timeout={} app.log", time.replace(' ', "")), "--lock-timeout");
        misused(&format!("--drain-timeout={} app.log", time.replace(' ', "")), "--drain-timeout");
    }
}

#[test]
fn bad_transforming() {
    misused("--timestamp=iso app.log", "give rfc3339, unix, tai64n, or a pattern such as '%F %T'");
    misused("--timestamp=%F-%! app.log", "`!`");
    misused("--timestamp=%F%n app.log", "control characters");
    misused("--tag {pdi} app.log", "{pdi} is not known; there are {pid}, {host}, {user}, {stream}");
    misused("--tag job[{pid] app.log", "'{' stands alone");
    misused("--tag a\x07b app.log", "control characters");
    misused("--tag= app.log", "give a text");
    misused("--select (a app.log", "unclosed group");
    misused("--select a --deselect [z-a] app.log", "--deselect");
    // FORMAT is given with an equals sign, or else this would be it.
    misused("--timestamp app.log other.log", "other.log");
}

#[test]
fn help_and_version_are_no_errors() {
    for asked in ["-h", "--help", "-V", "--version"] {
        let place = Place::fresh();
        let ended = Tee::new(&place).args(asked).run(b"");
        ended.expect_quiet_success();
        assert!(String::from_utf8_lossy(&ended.out).contains("clh-tee"), "{asked}");
        assert_eq!(place.names(), [""; 0]);
    }
}
