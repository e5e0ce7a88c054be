//! The environment in which the command starts, also under cron.

use std::ffi::OsStr;
use std::process::Command;

use super::{log, sh};
use crate::harness::{Place, Tee, system};

#[test]
fn it_inherits_no_descriptor_of_ours() {
    let list = "ls /proc/self/fd";
    let without = Command::new("sh").args(["-c", list]).output().expect("run sh").stdout;
    for options in ["", "-q", "--gzip --max-bytes 1"] {
        let place = Place::fresh();
        sh(&place, options, list).run(b"").expect(0);
        assert_eq!(place.chain("app.log"), without, "{options}");
    }
}

/// Returns a signal mask from the `/proc/self/status` of a command, if our parent ignores the
/// signals `ignored`.
fn mask(ignored: &str, name: &str) -> u64 {
    let place = Place::fresh();
    let script = format!(
        "cd {}; trap '' {ignored}; exec {} -q app.log -- grep {name} /proc/self/status",
        place.path(".").display(),
        env!("CARGO_BIN_EXE_clh-tee")
    );
    let status = system::command(OsStr::new("sh")).args(["-c", &script]).status().expect("run sh");
    assert!(status.success());
    parsed(&log(&place), name)
}

/// Parses the mask `name` from `/proc/self/status`.
fn parsed(line: &str, name: &str) -> u64 {
    let mask = line.trim().strip_prefix(name).expect("the mask").trim_start_matches(':').trim();
    u64::from_str_radix(mask, 16).expect("a mask")
}

#[test]
fn ignored_signals_stay_ignored_and_no_others_are() {
    let bits = |signals: &[u32]| signals.iter().map(|signal| 1 << (signal - 1)).sum::<u64>();
    // Without the two that the C library reserves for itself.
    let all = !bits(&[32, 33]);
    assert_eq!(mask("CONT", "SigIgn") & all, bits(&[18]));
    for (name, number) in [
        ("HUP", 1),
        ("INT", 2),
        ("QUIT", 3),
        ("USR1", 10),
        ("USR2", 12),
        ("PIPE", 13),
        ("ALRM", 14),
        ("TERM", 15),
        ("TSTP", 20),
        ("XFSZ", 25),
        ("WINCH", 28),
        ("RTMIN+3", 37),
    ] {
        assert_eq!(mask(name, "SigIgn") & all, bits(&[number]), "{name}");
    }
    assert_eq!(mask("CONT", "SigBlk"), 0);
}

/// Returns what a shell prints that starts the program with `script`, in which `$0` is the program.
fn started_by(shell: &[&str], script: &str) -> String {
    let place = Place::fresh();
    let mut command = system::command(OsStr::new(shell[0]));
    command.args(&shell[1..]).args(["-c", script, env!("CARGO_BIN_EXE_clh-tee")]);
    let output = command.current_dir(place.dir()).output().expect("run a shell");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{script}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn an_ignored_pipe_is_ignored_by_programs_run_after_rotations_too() {
    for (ignored, bit) in [("PIPE", 1), ("CONT", 0)] {
        let place = Place::fresh();
        place.write("hook", b"#!/bin/sh\ngrep SigIgn /proc/self/status >mask\n");
        place.set_mode("hook", 0o755);
        let script = format!(
            "trap '' {ignored}; seq 2 | \"$0\" -q app.log --max-bytes 2 --on-rotate ./hook"
        );
        let status = system::command(OsStr::new("sh"))
            .args(["-c", &script, env!("CARGO_BIN_EXE_clh-tee")])
            .current_dir(place.dir())
            .status();
        assert!(status.expect("run sh").success());
        let mask = String::from_utf8(place.read("mask")).expect("UTF-8");
        let mask = parsed(&mask, "SigIgn");
        assert_eq!(mask >> 12 & 1, bit, "{ignored}");
    }
}

#[test]
#[ignore = "needs user namespaces"]
fn ignored_signals_are_known_without_proc() {
    let script = "mount -t tmpfs none /proc && trap '' HUP && \
                  exec \"$0\" app.log -- sh -c 'kill -HUP $$; echo alive'";
    assert_eq!(started_by(&["unshare", "-Urm", "sh"], script), "alive\n");
}

#[test]
fn its_output_can_be_opened_by_whom_it_becomes() {
    let script = "exec \"$0\" app.log -- stat -L -c %a /dev/stdout /proc/self/fd/2";
    assert_eq!(started_by(&["sh"], script), "666\n666\n");
}

#[test]
#[ignore = "needs root"]
fn its_output_can_be_opened_without_root() {
    let script = "exec \"$0\" app.log -- setpriv --reuid 65534 --clear-groups \
                  sh -c 'echo out >/dev/stdout'";
    assert_eq!(started_by(&["sh"], script), "out\n");
}

#[test]
#[ignore = "needs python3"]
fn its_end_is_noticed_if_chld_is_blocked_or_ignored() {
    for (how, name) in [
        ("signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])", "SigBlk"),
        ("signal.signal(signal.SIGCHLD, signal.SIG_IGN)", "SigIgn"),
    ] {
        let place = Place::fresh();
        let code = format!("import os, signal, sys; {how}; os.execv(sys.argv[1], sys.argv[1:])");
        let run = |command: &[&str]| {
            let mut python = Command::new("timeout");
            python.args(["-s", "KILL", "20", "python3", "-c", &code]);
            python.args([env!("CARGO_BIN_EXE_clh-tee"), "-q", "app.log", "--"]).args(command);
            python.current_dir(place.dir()).status().expect("run timeout").code()
        };
        assert_eq!(run(&["sh", "-c", "exec >&- 2>&-; sleep 0.1; exit 7"]), Some(7), "{how}");
        assert_eq!(run(&["grep", name, "/proc/self/status"]), Some(0), "{how}");
        // For the command, the signal is ignored as before.
        assert_eq!(parsed(&log(&place), name) >> 16 & 1, 1, "{how}");
    }
}

#[test]
fn what_a_cron_user_would_hope() {
    let place = Place::fresh();
    let run = |script: &str| {
        // What cron provides: a shell, a home, a short path, and no terminal.
        let line = format!(
            "{} -q job.log --quiet-ok --markers -- {script}",
            env!("CARGO_BIN_EXE_clh-tee")
        );
        let mut cron = Command::new("/usr/bin/env");
        cron.args(["-i", "HOME=/", "PATH=/usr/bin:/bin", "/bin/sh", "-c", &line]);
        cron.current_dir(place.dir()).stdin(std::process::Stdio::null());
        cron.output().expect("run env")
    };
    let failed = run("sh -c 'echo out; echo err >&2; exit 3'");
    assert_eq!(failed.status.code(), Some(3));
    assert_eq!((failed.stdout, failed.stderr), (b"out\n".to_vec(), b"err\n".to_vec()));
    let succeeded = run("sh -c 'echo out; echo err >&2'");
    assert_eq!(succeeded.status.code(), Some(0));
    assert_eq!((succeeded.stdout, succeeded.stderr), (Vec::new(), Vec::new()));

    let log = String::from_utf8(place.read("job.log")).expect("UTF-8");
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 8, "{log}");
    for (run, status) in [(&lines[..4], 3), (&lines[4..], 0)] {
        assert!(run[0].starts_with("clh-tee: started 'sh -c echo out; echo err >&2"), "{log}");
        assert_eq!(run[1..3], ["out", "err"]);
        assert!(run[3].contains(&format!("' with status {status} after ")), "{log}");
    }
}

#[test]
fn many_commands_share_a_log() {
    let place = Place::fresh();
    let start = |_| {
        let script = "seq 2000; seq 2000 >&2";
        Tee::new(&place).args("-q --max-bytes 5K --backups 99 app.log -- sh -c").arg(script).start()
    };
    for tee in (0..8).map(start).collect::<Vec<_>>() {
        tee.finish().expect_quiet_success();
    }
    let mut counts = [0; 2001];
    for line in String::from_utf8(place.chain("app.log")).expect("UTF-8").lines() {
        counts[line.parse::<usize>().expect("a whole line")] += 1;
    }
    assert!(counts[1..].iter().all(|count| *count == 16));
}
