//! Memory is bounded by the queue, one record, and a constant: promise 6.
//!
//! 200 MB pass through the program: without a single newline, as lines of one record, as ordinary
//! lines, many of which must wait for the lock, and as the output of a grouped command. Before the input ends, the test reads the peak of resident memory
//! from `/proc`.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{HeldLock, Place, Running, Tee, until};

/// How many bytes the test feeds.
const INPUT: usize = 200_000_000;

/// The maximum resident memory in KiB.
const MOST: u64 = 32 * 1024;

/// Options that leave everything that matters for memory at its default and keep the disk from
/// filling up.
const OPTIONS: &str = "-q --max-bytes 20M --backups 1 app.log";

/// Asserts that the peak of resident memory is within [`MOST`].
fn check_peak(tee: &Running) {
    let peak = tee.peak_memory();
    assert!(peak < MOST, "{peak} KiB were resident");
}

#[test]
fn no_newline_for_200_mb() {
    let place = Place::fresh();
    let mut tee = Tee::new(&place).args(OPTIONS).start();
    let piece = vec![b'x'; 100_000];
    for _ in 0..INPUT / piece.len() {
        tee.feed(&piece);
    }
    check_peak(&tee);
    let ended = tee.finish();
    ended.expect(0);
    assert_eq!(ended.stderr().lines().count(), 1, "told once that lines were cut");
    let longest = place.chain("app.log").split(|&b| b == b'\n').map(<[u8]>::len).max();
    assert_eq!(longest, Some(1 << 20), "lines of the default --max-line");
}

#[test]
fn records_that_do_not_end() {
    for args in ["--record-start ^begins", "-z", "-z --timestamp --select line"] {
        let place = Place::fresh();
        let mut tee = Tee::new(&place).args(args).args(OPTIONS).start();
        let piece = b"an ordinary line, neither long nor short, of fifty.\n".repeat(2000);
        for _ in 0..INPUT / piece.len() {
            tee.feed(&piece);
        }
        check_peak(&tee);
        let ended = tee.finish();
        ended.expect(0);
        assert_eq!(ended.stderr().lines().count(), 1, "told once that records were cut");
    }
}

#[test]
fn the_output_of_a_grouped_command() {
    let place = Place::fresh();
    let print = "yes 'an ordinary line, neither long nor short, of fifty.' | head -c 200000000";
    let tee = Tee::new(&place).args("--group").args(OPTIONS).args("-- sh -c");
    let tee = tee.arg(format!("{print}; read line")).start();
    // Of 200 MB, three records go in before the command has ended.
    until(Duration::from_secs(60), "two are in", || place.path("app.log.1").exists());
    check_peak(&tee);
    let ended = tee.finish();
    ended.expect(1);
    assert_eq!(ended.stderr().lines().count(), 1, "told once that records were cut");
    assert!(place.read("app.log").len() < 64 << 20, "the rest");
}

#[test]
fn lines_that_have_to_wait() {
    let place = Place::fresh();
    let held = HeldLock::take(&place.path(".__app.lock"));
    let mut tee = Tee::new(&place).args(OPTIONS).start();
    let mut input = tee.take_input();
    let fed = AtomicUsize::new(0);
    let piece = b"an ordinary line, neither long nor short, of fifty.\n".repeat(2000);
    thread::scope(|scope| {
        scope.spawn(|| {
            while fed.load(Ordering::Relaxed) < INPUT {
                input.write_all(&piece).expect("feed the program");
                fed.fetch_add(piece.len(), Ordering::Relaxed);
            }
        });
        // The queue is full once the producer has made no progress for a while.
        let mut seen = (0, Instant::now());
        until(Duration::from_secs(20), "the queue is full", || {
            let now = fed.load(Ordering::Relaxed);
            if now != seen.0 {
                seen = (now, Instant::now());
            }
            now > 0 && seen.1.elapsed() > Duration::from_millis(500)
        });
        let waiting = fed.load(Ordering::Relaxed);
        assert!(waiting > 6_000_000, "the queue of 8M took only {waiting} bytes");
        check_peak(&tee);
        drop(held);
    });
    check_peak(&tee);
    drop(input);
    tee.finish().expect_quiet_success();
    assert!(place.chain("app.log").ends_with(b"of fifty.\n"));
}
