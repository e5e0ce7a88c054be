//! Other writers do not hold up the producer while the queue has room (promise 9), and what happens
//! when it is full.
//!
//! The test holds the lock and measures how long its writes into the pipe take meanwhile.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{HeldLock, Place, Tee, stays, until};

/// Returns about `size` bytes of numbered lines.
fn numbered(size: usize) -> String {
    let mut text = String::new();
    for n in 0..size / 50 {
        writeln!(text, "{n:049}").expect("write to a string");
    }
    text
}

#[test]
fn a_producer_of_1_mb_a_second_while_the_lock_is_held_for_5_s() {
    let place = Place::fresh();
    let mut held = Some(HeldLock::take(&place.path(".__app.lock")));
    let mut tee = Tee::new(&place).args("-q --max-bytes 1M --backups 9 app.log").start();
    let text = numbered(6_000_000);
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    for (i, piece) in (0_u32..).zip(text.as_bytes().chunks(10_000)) {
        // This sets the producer's pace; it does not wait for anything.
        thread::sleep((Duration::from_millis(10) * i).saturating_sub(start.elapsed()));
        let before = Instant::now();
        tee.feed(piece);
        longest = longest.max(before.elapsed());
        if held.is_some() && start.elapsed() > Duration::from_secs(5) {
            assert!(place.read("app.log").is_empty(), "the lock was respected");
            held = None;
        }
    }
    assert!(held.is_none(), "the lock was released in between");
    // Only the scheduler of a busy machine may show here.
    assert!(longest < Duration::from_secs(3), "a write took {longest:?}");
    tee.finish().expect_quiet_success();
    assert!(place.chain("app.log") == text.as_bytes(), "all lines are in, in order");
}

#[test]
fn a_full_queue_makes_the_producer_wait() {
    let place = Place::fresh();
    let held = HeldLock::take(&place.path(".__app.lock"));
    let mut tee = Tee::new(&place).args("-q --buffer 64K app.log").start();
    let mut input = tee.take_input();
    let text = numbered(4_000_000);
    let fed = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for piece in text.as_bytes().chunks(1000) {
                input.write_all(piece).expect("feed the program");
                fed.fetch_add(piece.len(), Ordering::Relaxed);
            }
            drop(input);
        });
        until(Duration::from_secs(10), "more than the queue takes", || {
            fed.load(Ordering::Relaxed) > 64 * 1024
        });
        // The queue, the read buffer and the pipe hold far less than the whole input.
        stays(Duration::from_secs(1), "the producer waits", || {
            fed.load(Ordering::Relaxed) < 1_000_000
        });
        drop(held);
    });
    tee.end_within(Duration::from_secs(30)).expect_quiet_success();
    assert!(place.read("app.log") == text.as_bytes(), "nothing is lost");
}

#[test]
fn the_lock_is_waited_for_no_longer_than_asked() {
    let place = Place::fresh();
    let _held = HeldLock::take(&place.path(".__app.lock"));
    let mut tee = Tee::new(&place).args("-q --lock-timeout 1s app.log").start();
    let start = Instant::now();
    tee.feed(b"one\ntwo\n");
    let ended = tee.end_within(Duration::from_secs(10));
    let took = start.elapsed();
    ended.expect(1);
    assert!((900..9000).contains(&took.as_millis()), "took {took:?}");
    let stderr = ended.stderr();
    assert!(stderr.starts_with("clh-tee: cannot "), "{stderr}");
    assert!(stderr.contains("app.log'"), "names the log: {stderr}");
    assert!(stderr.contains("lock"), "says what was not had: {stderr}");
    assert!(stderr.contains("2 lines"), "how many were lost: {stderr}");
    assert!(stderr.contains("one\ntwo\n"), "the lines themselves: {stderr}");
    assert_eq!(place.read("app.log"), b"");
}

#[test]
fn a_lock_that_comes_in_time_is_no_trouble() {
    let place = Place::fresh();
    let held = HeldLock::take(&place.path(".__app.lock"));
    let mut tee = Tee::new(&place).args("--lock-timeout 30s app.log").start();
    tee.feed(b"one\n");
    tee.until_echoed(b"one\n");
    drop(held);
    tee.finish().expect_quiet_success();
    assert_eq!(place.read("app.log"), b"one\n");
}
