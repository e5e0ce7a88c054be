//! Wrong usage: status 2, and a hint at the mistake.

use super::refused;
use crate::harness::{Place, Tee};

/// Asserts that the arguments are refused with status 2 and that `hint` is in the message.
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

/// What users of other programs try, and what the message says.
const MISTAKES: &[(&str, &str)] = &[
    // logrotate
    ("--size=5M app.log", "--max-bytes SIZE"),
    ("--maxsize 5M app.log", "--max-bytes SIZE"),
    ("--minsize 5M app.log", "--max-bytes SIZE"),
    ("--maxage 30 app.log", "how long backups are kept is --max-age TIME, such as 30d"),
    ("--rotate 5 app.log", "how many backups are kept is --backups N"),
    ("--rotate=daily app.log", "--when MIDNIGHT rotates it daily"),
    ("--hourly app.log", "--when H"),
    ("--daily app.log", "--when MIDNIGHT"),
    ("--weekly app.log", "--when W0"),
    ("--monthly app.log", "the longest interval is a week"),
    ("--when daily app.log", "once a day is MIDNIGHT"),
    ("--when weekly app.log", "W0 (Monday)"),
    ("--dateext app.log", "with --when, backups are named by date"),
    ("--compress app.log", "--gzip"),
    ("--compresscmd xz app.log", "--gzip, and nothing else"),
    ("--delaycompress app.log", "leave it out"),
    ("--missingok app.log", "leave it out"),
    ("--notifempty app.log", "leave it out"),
    ("--copytruncate app.log", "go on in the new log by themselves"),
    ("--create app.log", "--chmod, --owner"),
    ("--olddir old app.log", "backups lie beside it"),
    ("--postrotate upload app.log", "--on-rotate PROGRAM"),
    ("--lastaction upload app.log", "--on-rotate PROGRAM"),
    ("--force app.log", "rotated now with --rotate"),
    // rotatelogs, cronolog
    ("-L current app.log", "LOG keeps its name"),
    ("-D app.log", "--mkdir"),
    ("-p upload app.log", "rotatelogs' is --on-rotate PROGRAM"),
    ("-v app.log", "--stats"),
    // svlogd, multilog
    ("-t app.log", "--timestamp"),
    ("-ttt app.log", "--timestamp"),
    ("--max-size 5M app.log", "--max-bytes SIZE"),
    ("--prefix x app.log", "--tag TEXT"),
    // tee
    ("-a app.log", "it always appends"),
    ("--append app.log", "it always appends"),
    ("-i app.log", "after INT too"),
    ("--output-error app.log", "LOG goes on without standard output"),
    ("one.log two.log", "there is one LOG; lines go to another one too with --copy"),
    ("--silent app.log", "-q"),
    ("-o app.log", "LOG is given without an option"),
    // tail
    ("--tail app.log", "--read --follow"),
    ("--read --tail 5 app.log", "--read -n N"),
    ("-F app.log", "--read --follow"),
    ("-f app.log", "--follow has no effect without --read"),
    ("-n 5 app.log", "--lines has no effect without --read"),
    ("--read -20 app.log", "the last lines are --read -n N"),
    ("--read -n +5 app.log", "give a number such as 5"),
    ("--retry app.log", "--read --follow"),
    // journalctl
    ("--since 2h app.log", "--since has no effect without --read"),
    ("--read --since lately app.log", "give a time such as 2h, yesterday, 22:00"),
    ("--read -S yesterday app.log", "--read --since TIME"),
    ("--read --until 22:00 app.log", "to the end of LOG"),
    ("--read --grep ERROR app.log", "--select REGEX"),
    ("--read -r app.log", "pipe it through tac"),
    // Python's handlers
    ("--maxBytes 5M app.log", "'--max-bytes'"),
    ("--backupCount 5 app.log", "'--backup-count'"),
    ("--use_gzip app.log", "--gzip"),
    ("--atTime 03:00 app.log", "'--at-time'"),
    ("--when 1h app.log", "give S, M, H, D, MIDNIGHT"),
    ("--encoding utf-8 app.log", "bytes go in as they came"),
    ("--mode a app.log", "--chmod, --owner"),
    ("--lock_file_directory locks app.log", "--lock-dir DIR"),
    // gzip and sizes
    ("--gzip 9 app.log", "--gzip-level 9"),
    ("app.log --gzip 9", "--gzip-level 9"),
    ("--gzip=9 app.log", "--gzip-level 9"),
    ("--zstd app.log", "--gzip, and nothing else"),
    ("--max-bytes 10 MB app.log", "a size is one word"),
    ("--keep 5 app.log", "--backups N"),
    ("--backups all app.log", "give a number such as 5"),
    // This program's options, in another mode or without what they need
    ("--tag -5 app.log", "given by '='"),
    ("--read --tag x app.log", "--tag has no effect with --read"),
    ("--read --max-bytes 1M app.log", "--max-bytes has no effect with --read"),
    ("--rotate --max-bytes 1M app.log", "--max-bytes has no effect with --rotate"),
    ("--repair --max-bytes 1M app.log", "--max-bytes has no effect with --repair"),
    ("--status --gzip app.log", "--gzip has no effect with --status"),
    ("--status --select x app.log", "--select has no effect with --status"),
    ("--rotate --buffer 1M app.log", "--buffer has no effect with --rotate"),
    ("--repair --stats app.log", "--stats has no effect with --repair"),
    ("--json app.log", "--json has no effect without --status"),
    ("--markers app.log", "--markers has no effect without a COMMAND"),
    ("--interval 2 app.log", "--interval has no effect without --when"),
    ("app.log ls", "clh-tee LOG -- ls -l"),
    ("app.log --", "a command is missing"),
    ("--select [[:foo:]] app.log", "there is no class [:foo:]"),
    ("--select [:digit:] app.log", "give [[:digit:]]"),
];

#[test]
fn mistakes_get_one_tip_and_it_is_about_them() {
    for (args, says) in MISTAKES {
        misused(args, says);
        let stderr = refused(Tee::new(&Place::fresh()).args(args), 2);
        assert!(stderr.matches("tip:").count() <= 1, "{args}: {stderr}");
        let usage = |option| stderr.contains(&format!("Usage: clh-tee {option}"));
        assert!(!usage("--max-line") && !usage("--tag"), "{args}: {stderr}");
    }
    assert!(MISTAKES.len() >= 60);
    for unsure in ["-c 5 app.log", "--level 5 app.log", "-x app.log", "--no-pager app.log"] {
        let stderr = refused(Tee::new(&Place::fresh()).args(unsure), 2);
        assert!(!stderr.contains("tip:"), "{stderr}");
        assert!(!stderr.contains("./-") && !stderr.contains("given by '='"), "{stderr}");
    }
}

#[test]
fn a_backup_a_lock_file_and_a_compressed_file_are_no_logs() {
    for (log, says) in [
        ("app.log.1", "'app.log.1' is a backup of 'app.log'; give 'app.log'"),
        ("app.log.12.gz", "'app.log.12.gz' is a backup of 'app.log'; give 'app.log'"),
        (".__app.lock", "'.__app.lock' is a lock file"),
        ("other.log.gz", "'other.log.gz' is compressed"),
    ] {
        for mode in ["", "--read", "--status", "--rotate", "--repair"] {
            let place = Place::fresh();
            place.write("app.log", b"one\n");
            let stderr = refused(Tee::new(&place).args(mode).arg(log), 2);
            assert!(stderr.contains(says), "{mode} {log}: {stderr}");
            assert_eq!(place.names(), ["app.log"], "nothing was made");
        }
    }
    // A number at the end alone proves nothing.
    let place = Place::fresh();
    Tee::new(&place).args("-q job.7").run(b"one\n").expect_quiet_success();
    assert_eq!(place.read("job.7"), b"one\n");
}

#[test]
fn the_last_of_two_counts() {
    let place = Place::fresh();
    let tee = Tee::new(&place).args("-q -q --max-bytes 9M --gzip=no --gzip --max-bytes 1 app.log");
    tee.run(b"one\ntwo\n").expect_quiet_success();
    assert_eq!(place.backups("app.log"), ["app.log.1.gz"]);
}

#[test]
fn bad_sizes() {
    for size in ["much", "10X", "1..5K", "K", "99999999999999999999", "99999999999G"] {
        for option in ["--max-bytes", "--max-line", "--buffer"] {
            misused(&format!("{option} {size} app.log"), size);
        }
    }
    misused("--max-bytes=-1 app.log", "-1");
    // Lines of no bytes, or a queue without room, would never end.
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
    // FORMAT needs an equals sign; otherwise this would be taken for it.
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

#[test]
fn a_limit_that_keeps_hardly_a_line_is_warned_of_once() {
    use std::process::{Command, Stdio};
    // The harness removes this warning.
    let said = |options: &str, log: &str| {
        let place = Place::fresh();
        let mut command = Command::new(env!("CARGO_BIN_EXE_clh-tee"));
        command.args(options.split(' ')).arg(log).current_dir(place.dir());
        command.env("XDG_CONFIG_HOME", "/dev/null/none").stdin(Stdio::null());
        let ended = command.output().expect("run it");
        assert!(ended.status.success());
        String::from_utf8(ended.stderr).expect("text")
    };
    let words = "clh-tee: warning: --max-bytes is only 10 bytes: 'app.log' and its backups hold \
                 60B in all; give it in K or M, or as 10B if that is meant\n";
    assert_eq!(said("-q --max-bytes 10", "app.log"), words);
    let hold = |options| said(options, "app.log").contains(" hold 64.0K in all");
    assert!(hold("-q --max-bytes 32K --backups 1") && hold("-q --max-bytes 8K --backups 7"));
    for options in
        ["-q --max-bytes 64K", "-q --max-bytes 10B", "-q --max-bytes 10 --when D --backups 0"]
    {
        assert_eq!(said(options, "app.log"), "", "{options}");
    }
    assert_eq!(said("-q --max-bytes 10", "/dev/null"), "", "it is never rotated");
}
