//! Every row of the signal table, in the middle of a stream and while another process holds the
//! lock.
//!
//! The test is the producer, so it decides what is in the pipe when a signal comes, and it holds
//! the lock. If the program should go on, the test feeds it more; if it should end, its input stays
//! open.

mod ending;
mod going_on;
mod in_a_flood;
mod table;

use std::time::Duration;

use crate::harness::{HeldLock, Place, Running, Tee, until};

/// A generous limit for what should happen at once.
const SOON: Duration = Duration::from_secs(10);

/// How long to watch that something does not happen.
const A_WHILE: Duration = Duration::from_millis(200);

/// Waits until `app.log` holds exactly `bytes`.
fn until_in_log(place: &Place, bytes: &[u8]) {
    let what = format!("the log is {:?}", String::from_utf8_lossy(bytes));
    until(SOON, &what, || place.read("app.log") == bytes);
}

/// Starts the program on `app.log`, and waits until the first line is in the log.
fn in_mid_stream(place: &Place, options: &str) -> Running {
    let mut tee = Tee::new(place).args(options).args("app.log").start();
    tee.feed(b"one\n");
    until_in_log(place, b"one\n");
    tee
}

/// Starts the program while the test holds the lock, and waits until it has read `bytes`.
fn held_up(place: &Place, options: &str, bytes: &[u8]) -> (Running, HeldLock) {
    let held = HeldLock::take(&place.path(".__app.lock"));
    let mut tee = Tee::new(place).args(options).args("app.log").start();
    tee.feed(bytes);
    tee.until_echoed(bytes);
    (tee, held)
}
