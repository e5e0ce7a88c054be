//! Mistakes in a settings file: the message names the line, and the status is 2, before any input
//! is read or any file made.

use super::{left, with};
use crate::harness::{Place, Tee};

/// Asserts that a file with this text is refused with this message.
#[track_caller]
fn refused(text: &str, told: &str) {
    let place = Place::fresh();
    let ended = with(&place, text).args("app.log").run(b"");
    ended.expect(2);
    assert_eq!(ended.stderr(), format!("clh-tee: settings.toml:{told}\n"), "{text}");
    assert!(ended.out.is_empty());
    assert_eq!(left(&place), [""; 0], "nothing was made");
}

#[test]
fn typos_are_told_with_the_nearest_name() {
    refused("max-byts = 3", "1:1: unknown setting 'max-byts'; did you mean 'max-bytes'?");
    refused(
        "# jobs\n\nmax_bytes = \"512K\"\n",
        "3:1: unknown setting 'max_bytes'; did you mean 'max-bytes'?",
    );
    refused(
        "gzip = true\n\n[log.\"jobs.log\"]\n  gzip-levle = 9\n",
        "4:3: unknown setting 'gzip-levle'; did you mean 'gzip-level'?",
    );
    refused("xyz = 1", "1:1: unknown setting 'xyz'; --print-config shows all");
    refused(
        "[logs.\"app.log\"]\ngzip = true",
        "1:2: unknown section 'logs'; a log's is [log.\"NAME\"], with the quotes",
    );
}

#[test]
fn a_typo_is_told_whichever_log_it_is_for() {
    refused(
        "[log.\"other.log\"]\nquite = true",
        "2:1: unknown setting 'quite'; did you mean 'quiet'?",
    );
    refused(
        "[log.\"other.log\"]\noverflow = \"spill\"",
        "2:12: invalid value 'spill' for 'overflow': give one of block, drop",
    );
}

#[test]
fn values_are_those_of_the_command_line() {
    refused(
        "gzip = true\nmax-bytes = \"12X\"",
        "2:13: invalid value '12X' for 'max-bytes': give a size such as 4096, 512K, 10M or 1.5G",
    );
    refused(
        "lock-timeout = -1",
        "1:16: invalid value '-1' for 'lock-timeout': give a time such as 5s, 500ms or 2m",
    );
    refused(
        "gzip-level = 10",
        "1:14: invalid value '10' for 'gzip-level': give a number from 1 to 9",
    );
    refused("gzip = \"yes\"", "1:8: 'gzip' takes true or false");
    refused("chmod = 0o640", "1:9: 'chmod' takes digits without a prefix, as on the command line");
}

#[test]
fn what_is_only_for_the_command_line_is_refused() {
    for option in ["config", "print-config", "help", "version"] {
        refused(
            &format!("{option} = true"),
            &format!("1:1: '{option}' is for the command line only"),
        );
    }
}

#[test]
fn an_option_is_set_once_in_a_section() {
    refused("backups = 3\nbackup-count = 3", "2:1: 'backup-count' is set here already");
    refused("gzip = true\ngzip = true", "2:1: duplicate key");
}

#[test]
fn sections_say_which_log_wherever_the_program_is_started() {
    refused(
        "[log.\"logs/*.log\"]\ngzip = true",
        "1:6: 'logs/*.log' is neither an absolute path nor a name; only these say which log is \
         meant, wherever clh-tee is started",
    );
    refused(
        "[log.\"app[.log\"]\ngzip = true",
        "1:6: 'app[.log' is no pattern: invalid range pattern (character 4)",
    );
    refused(
        "[log.app.log]\ngzip = true",
        "1:10: unknown section 'log'; a log's is [log.\"NAME\"], with the quotes",
    );
    refused("[log]\ngzip = true", "2:1: this takes sections, as in [log.\"app.log\"]");
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    for (text, told) in [
        ("backups = 3\nmax-bytes = 512K\n", "2:13: string values must be quoted"),
        ("backups 3", "1:9: "),
        ("\n\n[log.\"a.log\"\n", "3:13: "),
        ("a = \"b", "1:7: "),
    ] {
        let here = Place::fresh();
        let ended = with(&here, text).args("app.log").run(b"");
        ended.expect(2);
        let told = format!("clh-tee: settings.toml:{told}");
        assert!(ended.stderr().starts_with(&told), "{text}: {}", ended.stderr());
    }
    let place = Place::fresh();
    place.write("settings.toml", b"# caf\xe9\n");
    let ended = Tee::new(&place).args("--config settings.toml app.log").run(b"");
    ended.expect(2);
    assert_eq!(ended.stderr(), "clh-tee: settings.toml:1:6: this is not UTF-8\n");
}

#[test]
fn nothing_in_a_file_can_steer_a_terminal() {
    refused(
        "\"max\\u001b[31m\" = 1",
        "1:1: unknown setting 'max\\x1b[31m'; --print-config shows all",
    );
}

#[test]
fn a_file_without_end_is_not_read_to_the_end() {
    let place = Place::fresh();
    let ended = Tee::new(&place).args("--config /dev/zero app.log").run(b"");
    ended.expect(2);
    let told = "clh-tee: cannot read '/dev/zero': it is longer than 1 MiB\n";
    assert_eq!(ended.stderr(), told);
}
