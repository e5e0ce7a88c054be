//! `--group`: a command's whole output is one record.

use nix::sys::signal::Signal::{self, SIGKILL, SIGTERM};

use super::{SOON, command, log, seq, sh};
use crate::harness::{Dice, HeldLock, Place, Tee, until};

/// Returns what a job prints: at least `size` bytes of lines with its number.
fn job(number: usize, size: usize) -> Vec<u8> {
    let line = format!("job {number} {}\n", "x".repeat(80)).into_bytes();
    let mut output = format!("job {number} begins\n").into_bytes();
    while output.len() < size {
        output.extend_from_slice(&line);
    }
    output
}

#[test]
fn all_is_in_at_the_end_and_in_one_file() {
    let place = Place::fresh();
    let script = "echo out; read line; echo err >&2; printf torn; exit 7";
    let mut tee = sh(&place, "--group --max-bytes 1B", script).start();
    tee.until_echoed(b"out\n");
    assert_eq!(place.names(), [""; 0], "nothing before the end");
    // Another writer's lines come before, though they were written later.
    Tee::new(&place).args("-q app.log").run(b"other\n").expect_quiet_success();
    tee.feed(b"go on\n");
    let ended = tee.finish();
    ended.expect(7);
    assert_eq!(ended.out, b"out\ntorn");
    assert_eq!(ended.err, b"err\n");
    assert_eq!(place.read("app.log.1"), b"other\n");
    assert_eq!(log(&place), "out\nerr\ntorn\n");
}

#[test]
fn what_was_printed_before_the_end_is_there() {
    for signal in [SIGKILL, SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let place = Place::fresh();
        let tee = sh(&place, "--group", "echo one; echo $$; printf to; exec sleep 60").start();
        until(SOON, "all is printed", || tee.out_so_far().ends_with(b"\nto"));
        let pid = String::from_utf8(tee.out_so_far()).expect("UTF-8");
        let pid = pid.lines().nth(1).expect("a pid").to_owned();
        let id = nix::unistd::Pid::from_raw(pid.parse().expect("a number"));
        nix::sys::signal::kill(id, signal).expect("end the command");
        tee.finish();
        assert_eq!(log(&place), format!("one\n{pid}\nto\n"), "{signal}");
    }
}

#[test]
fn a_command_that_prints_nothing_leaves_nothing() {
    let place = Place::fresh();
    command(&place, "--group", "true").run(b"").expect_quiet_success();
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn long_output_is_one_record_and_cut_beyond_a_bound() {
    let place = Place::fresh();
    let ended = command(&place, "-q --group --max-bytes 10K", "seq 700000").run(b"");
    ended.expect_quiet_success();
    assert_eq!(place.names(), [".__app.lock", "app.log"]);
    assert!(place.read("app.log") == seq(1..700_001).as_bytes(), "it is all there");

    let place = Place::fresh();
    let options = "-q --group --max-record 100K --max-bytes 1B --backups 99";
    let ended = command(&place, options, "seq 50000").run(b"");
    ended.expect(0);
    let stderr = ended.stderr();
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains("a record is longer than 102400 bytes; it is cut"), "{stderr}");
    let all: Vec<u8> = place.backups("app.log").iter().flat_map(|name| place.read(name)).collect();
    assert!([all, place.read("app.log")].concat() == seq(1..50_001).as_bytes());
    assert_eq!(place.backups("app.log").len(), 2, "pieces as long as may be");
}

#[test]
fn many_pieces_that_no_log_takes() {
    let place = Place::fresh();
    let options = "-q --group --max-record 1 --deselect ^";
    let ended = command(&place, options, "seq 20000").run(b"");
    ended.expect(0);
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn without_room_for_a_temporary_file_it_is_cut() {
    let place = Place::fresh();
    let missing = place.path("missing");
    let tee = command(&place, "-q --group", "seq 700000").env("TMPDIR", missing);
    let ended = tee.run(b"");
    ended.expect(0);
    assert!(place.read("app.log") == seq(1..700_001).as_bytes(), "nothing is lost");
    let stderr = ended.stderr();
    assert!(stderr.starts_with("clh-tee: warning: cannot keep the output together: "), "{stderr}");
}

#[test]
fn rules_tags_stamps_and_routes_are_about_the_whole() {
    let script = "echo one; sleep 0.1; echo two >&2; echo three";
    for (rules, kept) in [
        ("--select two", true),
        ("--select four", false),
        ("--deselect one", false),
        ("--select one --deselect three", false),
    ] {
        let place = Place::fresh();
        let options = format!("-q --group {rules} --tag {{stream}} --timestamp=unix");
        sh(&place, &options, script).run(b"").expect_quiet_success();
        if !kept {
            assert_eq!(place.names(), [""; 0], "{rules}");
            continue;
        }
        let log = log(&place);
        let stamp = log.split(' ').next().expect("a stamp");
        assert!(log.lines().all(|line| line.starts_with(stamp)), "{log}");
        let mut texts: Vec<&str> = log.lines().map(|line| &line[stamp.len() + 1..]).collect();
        texts.sort_unstable();
        assert_eq!(texts, ["err: two", "out: one", "out: three"]);
    }
    let place = Place::fresh();
    let options = "-q --group --copy two copy.log --divert three other.log --divert one never.log";
    sh(&place, options, script).run(b"").expect_quiet_success();
    assert_eq!(place.read("copy.log"), place.read("other.log"));
    assert_eq!(place.read("copy.log").len(), "one\ntwo\nthree\n".len());
    assert!(!place.path("app.log").exists() && !place.path("never.log").exists());
}

#[test]
fn markers_are_a_part_of_it() {
    let place = Place::fresh();
    sh(&place, "-q --group --markers --max-bytes 1B", "echo one").run(b"").expect_quiet_success();
    let log = log(&place);
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines.len() == 3 && lines[1] == "one", "{log}");
    assert_eq!(place.backups("app.log"), [""; 0]);
}

#[test]
fn what_is_not_in_the_log_is_on_standard_error() {
    let place = Place::fresh();
    let held = HeldLock::take(&place.path(".__app.lock"));
    let ended = command(&place, "-q --group --lock-timeout 50ms", "seq 9").run(b"");
    ended.expect(125);
    let stderr = ended.stderr();
    assert!(stderr.ends_with(&format!("; 9 lines lost, as follows\n{}", seq(1..10))), "{stderr}");
    drop(held);
}

#[test]
fn the_copy_and_quiet_ok_are_as_ever() {
    let place = Place::fresh();
    let ended = sh(&place, "--group --quiet-ok", "echo out; echo err >&2; exit 1").run(b"");
    ended.expect(1);
    assert_eq!(ended.out, b"out\n");
    assert_eq!(ended.err, b"err\n");
    assert_eq!(log(&place).len(), "out\nerr\n".len());
}

#[test]
fn jobs_that_run_at_once_are_not_mixed() {
    const JOBS: usize = 32;
    let (place, mut dice) = (Place::fresh(), Dice::new(18));
    let mut wanted = Vec::new();
    let mut running = Vec::new();
    for number in 0..JOBS {
        let size = *dice.pick(&[0, 50, 5_000, 300_000, 2_000_000, 20_000_000]);
        let (output, killed) = (job(number, size), dice.one_in(4));
        let name = format!("job-{number}");
        place.write(&name, &output);
        // A command that is killed has printed everything by then.
        let end = if killed { "kill -KILL $$" } else { "exit 3" };
        let options = "-q --group --max-bytes 8192B --backups 99 --gzip --gzip-level 1";
        running.push((killed, sh(&place, options, &format!("cat {name}; {end}")).start()));
        wanted.push(output);
    }
    for (killed, tee) in running {
        let ended = tee.finish();
        assert_eq!(ended.status.code(), (!killed).then_some(3), "{}", ended.stderr());
        assert_eq!(ended.stderr(), "");
    }
    let mut names = place.backups("app.log");
    names.push("app.log".to_owned());
    let mut seen = vec![false; JOBS];
    for name in names {
        let content = place.read(&name);
        let mut rest = &content[..];
        while !rest.is_empty() {
            let next = wanted.iter().position(|output| rest.starts_with(output));
            let next = next.unwrap_or_else(|| panic!("{name} holds something else"));
            assert!(!std::mem::replace(&mut seen[next], true), "job {next} is there twice");
            rest = &rest[wanted[next].len()..];
        }
    }
    assert!(seen.iter().all(|seen| *seen), "{seen:?}");
}

#[test]
fn a_record_that_does_not_fit_is_cut_back_and_goes_into_the_next_file() {
    let place = Place::fresh();
    let before = seq(1..20_000);
    place.write("app.log", before.as_bytes());
    // The second piece of the record is what reaches the process's file size limit.
    let program = env!("CARGO_BIN_EXE_clh-tee");
    let script = format!("ulimit -f 1024; exec {program} -q --group app.log -- seq 80000");
    let ended = Tee::new(&place).program("/bin/sh").arg("-c").arg(script).run(b"");
    ended.expect(0);
    assert!(ended.stderr().contains("the file-size limit"), "{}", ended.stderr());
    assert!(place.read("app.log.1") == before.as_bytes(), "nothing of the record is left");
    assert!(place.read("app.log") == seq(1..80_001).as_bytes(), "the record is whole");
}
