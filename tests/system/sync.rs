//! What `--sync` syncs, and when.
//!
//! strace records the calls; the tests check which come at all and in which order. `power_cut`
//! shows that what was synced survives a power cut.

use crate::harness::strace::parse;
use crate::harness::{Ended, HeldLock, Place, Tee, traced, until};
use std::fs::{self, File};
use std::io::Read;
use std::time::{Duration, SystemTime};

use flate2::read::MultiGzDecoder;

const CALLS: &str = "write,fsync,fdatasync,rename,unlink,openat,flock";

/// The limit for what takes a moment.
const SOON: Duration = Duration::from_secs(30);

/// Returns the calls of a writer that rotates twice: their names and, where it matters, their first
/// path.
fn calls(args: &str) -> Vec<String> {
    let place = Place::fresh();
    let args = format!("-q --max-bytes 1 {args} app.log");
    traced(&place, CALLS, &args, "one\\ntwo\\nthree\\n")
}

/// Returns how many calls of this name were made.
fn count(calls: &[String], name: &str) -> usize {
    let call = format!(" {name}(");
    calls.iter().filter(|line| line.contains(&call) && line.ends_with("= 0")).count()
}

#[test]
#[ignore = "needs strace"]
fn none_forces_nothing() {
    for args in ["--sync none", "--sync none --gzip"] {
        let calls = calls(args);
        assert_eq!((count(&calls, "fsync"), count(&calls, "fdatasync")), (0, 0), "{calls:#?}");
    }
}

#[test]
#[ignore = "needs strace"]
fn rotate_forces_rotated_logs_when_the_lock_is_free() {
    for args in ["", "--sync rotate"] {
        let calls = calls(args);
        assert_eq!((count(&calls, "fsync"), count(&calls, "fdatasync")), (0, 2), "{calls:#?}");
        let at = |what: &str| calls.iter().position(|line| line.contains(what)).expect("a call");
        assert!(at("LOCK_UN") < at("fdatasync("), "{calls:#?}");
    }
}

#[test]
#[ignore = "needs strace"]
fn rotate_forces_a_compressed_backup_before_the_plain_one_goes() {
    let calls = calls("--gzip");
    assert_eq!(count(&calls, "fsync"), 2, "{calls:#?}");
    let forced = calls.iter().position(|line| line.contains("fsync(")).expect("fsync");
    let gone = calls.iter().position(|line| line.contains("unlink(")).expect("unlink");
    let named = calls.iter().position(|line| line.contains("app.log.1.gz\"")).expect("rename");
    assert!(forced < named && named < gone, "{calls:#?}");
}

#[test]
#[ignore = "needs strace"]
fn batch_forces_every_batch_and_the_name_of_a_new_log() {
    let calls = calls("--sync batch");
    // For two rotated logs and the log itself, and for the directory.
    assert_eq!((count(&calls, "fdatasync"), count(&calls, "fsync")), (3, 1), "{calls:#?}");
    let last_write = calls.iter().rposition(|line| line.contains("three")).expect("a write");
    let last_force = calls.iter().rposition(|line| line.contains("fdatasync(")).expect("a call");
    assert!(last_write < last_force, "{calls:#?}");
}

#[test]
#[ignore = "needs strace"]
fn a_log_that_is_compressed_ahead_is_no_exception() {
    for (args, forced) in [("", 1), ("--sync rotate", 1), ("--sync none", 0)] {
        let place = Place::fresh();
        place.write("app.log", &b"a line of some length\n".repeat(3 << 17));
        let args = format!("-q --max-bytes 3M --gzip {args} app.log");
        let calls = traced(&place, CALLS, &args, "one\\n");
        assert_eq!(count(&calls, "fsync"), forced, "{args}: {calls:#?}");
        assert_eq!(place.backups("app.log"), ["app.log.1.gz"]);
    }
}

/// Returns the name of the private file of `app.log` if it holds `content`, whole.
fn complete(place: &Place, content: &[u8]) -> Option<String> {
    let is_private = |name: &String| name.starts_with(".__app.log.");
    let name = place.names().into_iter().find(is_private)?;
    let mut found = Vec::new();
    MultiGzDecoder::new(File::open(place.path(&name)).ok()?).read_to_end(&mut found).ok()?;
    (found == content).then_some(name)
}

/// While the writer syncs what it has compressed, another one rotates, and fills the next log.
#[test]
#[ignore = "needs strace"]
fn a_slow_sync_holds_neither_the_lock_nor_the_private_file() {
    let place = Place::fresh();
    let [first, second] = ["a line\n", "another line\n"].map(|line| line.repeat(20_000));
    place.write("app.log", first.as_bytes());
    let strace = Tee::new(&place).program("strace").args("-f -y -o trace -e trace=flock,fsync");
    let strace = strace.args("-e inject=fsync:delay_enter=1000000 -e signal=none");
    let strace = strace.arg(env!("CARGO_BIN_EXE_clh-tee"));
    let mut running = strace.args("-q --gzip --max-bytes 64K app.log").start();
    running.feed(b"one\n");
    let mut private = None;
    until(SOON, "the log is compressed", || {
        private = complete(&place, first.as_bytes());
        private.is_some()
    });
    let file = File::open(place.path(&private.expect("its name"))).expect("open it");
    until(SOON, "nobody claims it", || fs2::FileExt::try_lock_exclusive(&file).is_ok());
    assert_eq!(place.backups("app.log"), [""; 0], "it was not synced under the claim");
    drop(file);
    let lock = HeldLock::take(&place.path(".__app.lock"));
    fs::rename(place.path("app.log"), place.path("app.log.1")).expect("rotate");
    place.write("app.log", second.as_bytes());
    drop(lock);
    running.finish().expect_quiet_success();
    let all = first + &second + "one\n";
    assert!(place.chain("app.log") == all.as_bytes(), "a line is missing or there twice");
    let mut held = None;
    for call in parse(&fs::read_to_string(place.path("trace")).expect("strace's record")) {
        match call.name.as_str() {
            "fsync" => assert_ne!(held, Some(call.thread), "under the lock: {call:?}"),
            _ if !call.args.contains(".__app.lock>") || call.result != Some(0) => {}
            _ => held = call.args.contains("LOCK_EX").then_some(call.thread),
        }
    }
}

/// Rotates twice while each of `calls` fails with `error`.
fn refused(place: &Place, calls: &str, error: &str, args: &str) -> Ended {
    let strace = Tee::new(place).program("strace").args("-f -qq -o /dev/null -e");
    let strace = strace.arg(format!("inject={calls}:error={error}")).arg("-e");
    let strace = strace.arg(format!("trace={calls}")).arg(env!("CARGO_BIN_EXE_clh-tee"));
    strace.args("-q --max-bytes 1 app.log").args(args).run(b"one\ntwo\nthree\n")
}

#[test]
#[ignore = "needs strace"]
fn a_file_system_without_fsync_is_reported_once_and_nothing_waits_for_it() {
    for (error, reason) in [
        ("EINVAL", "Invalid argument"),
        ("ENOSYS", "Function not implemented"),
        ("EOPNOTSUPP", "Operation not supported"),
    ] {
        for args in ["", "--gzip", "--sync batch", "--sync batch --gzip", "--when D"] {
            let place = Place::fresh();
            let ended = refused(&place, "fsync,fdatasync", error, args);
            ended.expect(0);
            let told = format!(
                "clh-tee: warning: cannot sync 'app.log': {reason}; \
                 the file system decides when lines are on disk\n"
            );
            assert_eq!(ended.stderr(), told, "{error} {args}");
            let backups = place.backups("app.log");
            if !args.contains("--when") {
                let compressed = backups.concat().contains(".gz");
                assert_eq!(compressed, args.contains("--gzip"));
                assert_eq!(place.chain("app.log"), b"one\ntwo\nthree\n");
            }
        }
    }
}

#[test]
#[ignore = "needs strace"]
fn an_fsync_that_fails_is_an_error() {
    let place = Place::fresh();
    let ended = refused(&place, "fsync,fdatasync", "EIO", "");
    ended.expect(1);
    assert!(ended.stderr().contains("Input/output error; lines may be lost"), "{}", ended.stderr());
}

#[test]
#[ignore = "needs strace"]
fn a_time_that_cannot_be_set_does_not_stop_compression() {
    for error in ["EPERM", "ENOSYS", "EACCES"] {
        let place = Place::fresh();
        refused(&place, "utimensat", error, "--gzip").expect_quiet_success();
        assert_eq!(place.backups("app.log"), ["app.log.2.gz", "app.log.1.gz"]);
    }
}

#[test]
#[ignore = "needs strace"]
fn orphans_keep_their_order_where_their_time_cannot_be_set() {
    for error in ["EPERM", "EIO"] {
        let place = Place::fresh();
        for (name, content, minutes) in [("11111111", "older\n", 20), ("22222222", "newer\n", 10)] {
            let name = format!("app.log.rotate.{name}");
            place.write(&name, content.as_bytes());
            let file = File::options().write(true).open(place.path(&name)).expect("open it");
            file.set_modified(SystemTime::now() - Duration::from_secs(60 * minutes))
                .expect("age it");
        }
        refused(&place, "utimensat", error, "--gzip");
        let chain = String::from_utf8(place.chain("app.log")).expect("UTF-8");
        assert!(chain.starts_with("older\nnewer\n"), "{error}: {chain}");
    }
}
