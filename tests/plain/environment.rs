//! The environment can set every option; the command line wins.

use std::process::{Command, Output, Stdio};

use crate::harness::Place;

/// The options that do something other than append. No variable sets them, because one that a
/// wrapper exports would change what a run inside it does.
const MODES: [&str; 5] = ["--read", "--status", "--repair", "--rotate", "--print-config"];

/// Runs a shell pipeline into the program with these variables.
fn run(place: &Place, variables: &[(&str, &str)], args: &str) -> Output {
    let script =
        format!("printf 'one\\ntwo\\nthree\\n' | '{}' {args}", env!("CARGO_BIN_EXE_clh-tee"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(place.dir()).stdin(Stdio::null());
    shell.envs(variables.iter().copied()).output().expect("run sh")
}

/// Returns the long options in `--help`.
fn options() -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_clh-tee")).arg("--help").output();
    let help = String::from_utf8(help.expect("run it").stdout).expect("UTF-8");
    // Descriptions of options are indented further.
    let lines = help.lines().filter(|line| !line.starts_with("       "));
    let words = lines.map(str::trim_start).filter(|line| line.starts_with('-'));
    let long =
        words.filter_map(|line| line.split([' ', '=', '[']).find(|word| word.starts_with("--")));
    long.map(str::to_owned).collect()
}

#[test]
fn it_gives_options_and_flags() {
    let place = Place::fresh();
    let variables = [("CLH_TEE_MAX_BYTES", "1B"), ("CLH_TEE_GZIP", "yes"), ("CLH_TEE_QUIET", "1")];
    let ended = run(&place, &variables, "app.log");
    assert!(
        ended.status.success() && ended.stdout.is_empty() && ended.stderr.is_empty(),
        "{ended:?}"
    );
    assert_eq!(place.names(), [".__app.lock", "app.log", "app.log.1.gz", "app.log.2.gz"]);
}

#[test]
fn the_command_line_goes_first() {
    let place = Place::fresh();
    let variables = [("CLH_TEE_MAX_BYTES", "1"), ("CLH_TEE_BACKUPS", "7"), ("CLH_TEE_GZIP", "off")];
    let ended = run(&place, &variables, "-q --backups 1 app.log");
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(place.names(), [".__app.lock", "app.log", "app.log.1"]);
}

#[test]
fn what_it_gives_wrongly_is_refused() {
    for (variable, value, told) in [
        ("CLH_TEE_MAX_BYTES", "ten", "'--max-bytes <SIZE>': give a size"),
        ("CLH_TEE_GZIP", "perhaps", "'--gzip'"),
        ("CLH_TEE_OVERFLOW", "spill", "'--overflow <HOW>'"),
    ] {
        let place = Place::fresh();
        let ended = run(&place, &[(variable, value)], "-q app.log");
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(told), "{stderr}");
        assert!(place.names().is_empty(), "{:?}", place.names());
    }
}

#[test]
fn what_is_nearly_an_option_is_told_of() {
    let place = Place::fresh();
    let variables = [("CLH_TEE_MAX_BYTE", "1"), ("CLH_TEE_SOMEBODY_S", "1"), ("CLH_TEE_GZIP", "1")];
    let ended = run(&place, &variables, "-q app.log");
    assert!(ended.status.success());
    let told = "clh-tee: warning: CLH_TEE_MAX_BYTE in the environment gives no option; \
                is it CLH_TEE_MAX_BYTES?\n";
    assert_eq!(String::from_utf8_lossy(&ended.stderr), told);
}

#[test]
fn it_can_give_every_option_but_the_modes() {
    let options = options();
    assert!(options.len() > 15, "{options:?}");
    for option in options {
        let is_mode = MODES.contains(&option.as_str());
        let name = format!("CLH_TEE_{}", option.trim_start_matches("--").to_uppercase());
        let name = name.replace('-', "_");
        // No option accepts this value: if the program ignored it, it would not refuse.
        let place = Place::fresh();
        let ended = run(&place, &[(&name, "\u{7}(")], "app.log");
        let refused = ended.status.code() == Some(2);
        let is_path = ["--lock-dir", "--on-rotate"].contains(&option.as_str());
        let asks = ["--help", "--version"].contains(&option.as_str());
        let looked_at = refused || is_path || asks;
        assert_eq!(looked_at, !is_mode, "{name}: {ended:?}");
    }
}

/// Variables that a wrapper might export for its own run.
const OF_A_WRAPPER: &[(&str, &str)] = &[
    ("CLH_TEE_QUIET_OK", "1"),
    ("CLH_TEE_MARKERS", "1"),
    ("CLH_TEE_KEEP_GOING", "1"),
    ("CLH_TEE_INTERVAL", "2"),
    ("CLH_TEE_AT_TIME", "03:30"),
    ("CLH_TEE_GZIP_LEVEL", "9"),
    ("CLH_TEE_FOLLOW", "1"),
    ("CLH_TEE_SINCE", "2h"),
    ("CLH_TEE_JSON", "1"),
    ("CLH_TEE_COUNT", "1"),
    ("CLH_TEE_READ", "1"),
    ("CLH_TEE_STATUS", "1"),
    ("CLH_TEE_REPAIR", "1"),
    ("CLH_TEE_ROTATE", "1"),
    ("CLH_TEE_PRINT_CONFIG", "1"),
    ("CLH_TEE_TAG", "{stream}"),
    ("CLH_TEE_ON_ROTATE", "true"),
];

#[test]
fn what_makes_no_sense_in_a_run_is_ignored() {
    let alone = OF_A_WRAPPER.iter().map(std::slice::from_ref);
    for variables in alone.chain([OF_A_WRAPPER]) {
        let place = Place::fresh();
        let tag =
            if variables.iter().any(|(name, _)| *name == "CLH_TEE_TAG") { "in: " } else { "" };
        for args in ["-q app.log", "-q --when H timed.log"] {
            let ended = run(&place, variables, args);
            let fine = ended.status.success() && ended.stdout.is_empty();
            assert!(fine && ended.stderr.is_empty(), "{variables:?} {args}: {ended:?}");
            if args == "-q app.log" {
                let lines = ["one", "two", "three"].map(|line| format!("{tag}{line}\n"));
                assert_eq!(place.read("app.log"), lines.concat().as_bytes(), "{variables:?}");
            }
        }
        for args in
            ["--status app.log", "--repair app.log", "--read app.log", "--print-config app.log"]
        {
            let follows = variables.iter().any(|(name, _)| *name == "CLH_TEE_FOLLOW");
            if follows && args.starts_with("--read") {
                continue;
            }
            let ended = run(&place, variables, args);
            assert_ne!(ended.status.code(), Some(2), "{variables:?} {args}: {ended:?}");
            assert!(!ended.stdout.is_empty(), "{variables:?} {args}: {ended:?}");
        }
    }
}
