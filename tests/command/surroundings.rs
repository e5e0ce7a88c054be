//! What the command finds when it begins, and what cron makes of all this.

use std::ffi::OsStr;
use std::process::Command;

use crate::harness::{Place, Tee, system};
use crate::{log, sh};

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

/// Returns one of the masks that a command finds in its `/proc/self/status`,
/// if `ignored` signals are ignored by who starts us.
fn mask(ignored: &str, name: &str) -> u64 {
    let place = Place::fresh();
    let script = format!(
        "cd {}; trap '' {ignored}; exec {} -q app.log -- grep {name} /proc/self/status",
        place.path(".").display(),
        env!("CARGO_BIN_EXE_clh-tee")
    );
    let status = system::command(OsStr::new("sh")).args(["-c", &script]).status().expect("run sh");
    assert!(status.success());
    let log = log(&place);
    let mask = log.trim().strip_prefix(name).expect("the mask").trim_start_matches(':').trim();
    u64::from_str_radix(mask, 16).expect("a mask")
}

#[test]
fn ignored_signals_stay_ignored_and_no_others_are() {
    let bits = |signals: &[u32]| signals.iter().map(|signal| 1 << (signal - 1)).sum::<u64>();
    // The numbers are HUP, INT, QUIT, USR1, USR2, PIPE, ALRM, TERM, CHLD, XFSZ.
    let all = bits(&[1, 2, 3, 10, 12, 13, 14, 15, 17, 25]);
    assert_eq!(mask("CONT", "SigIgn") & all, 0);
    for (name, number) in [
        ("HUP", 1),
        ("INT", 2),
        ("QUIT", 3),
        ("USR1", 10),
        ("ALRM", 14),
        ("TERM", 15),
        ("XFSZ", 25),
    ] {
        assert_eq!(mask(name, "SigIgn") & all, bits(&[number]), "{name}");
    }
    assert_eq!(mask("CONT", "SigBlk") & all, 0);
}

#[test]
fn its_end_is_noticed_if_chld_is_blocked_or_ignored() {
    for how in [
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])",
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
    ] {
        let place = Place::fresh();
        let code = format!("import os, signal, sys; {how}; os.execv(sys.argv[1], sys.argv[1:])");
        let mut python = Command::new("timeout");
        python.args(["-s", "KILL", "20", "python3", "-c", &code, env!("CARGO_BIN_EXE_clh-tee")]);
        python.args(["-q", "app.log", "--", "sh", "-c", "exec >&- 2>&-; sleep 0.1; exit 7"]);
        let status = python.current_dir(place.dir()).status().expect("run timeout");
        assert_eq!(status.code(), Some(7), "{how}");
    }
}

#[test]
fn what_a_cron_user_would_hope() {
    let place = Place::fresh();
    let run = |script: &str| {
        // All that cron gives: a shell, a home, hardly a path, and no terminal.
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
