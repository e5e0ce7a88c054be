//! Requests that come while lines never cease to come: each is due when the lines
//! before it are in, though the queue is never empty.

use std::fs;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use nix::sys::signal::Signal::SIGUSR2;

use crate::harness::{Place, Running, Tee, until};
use crate::{SOON, in_mid_stream};

/// A writer that gets more lines than it can append.
struct Flood {
    tee: Running,
    ends: Arc<AtomicBool>,
    producer: JoinHandle<()>,
}

impl Flood {
    fn start(place: &Place, options: &str) -> Self {
        let mut tee = Tee::new(place).args(options).args("-q app.log").start();
        let (mut input, ends) = (tee.take_input(), Arc::new(AtomicBool::new(false)));
        let lines = b"a line of a flood, of which there is no end\n".repeat(1000);
        let ended = Arc::clone(&ends);
        let producer = thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) && input.write_all(&lines).is_ok() {}
        });
        Self { tee, ends, producer }
    }

    fn end(self) {
        self.ends.store(true, Ordering::Relaxed);
        self.producer.join().expect("a producer");
        self.tee.end_within(SOON).expect(0);
    }
}

/// Asserts that the first of so many writers rotates when it is asked to.
fn rotates_in_a_flood(options: &str, writers: usize) {
    let place = Place::fresh();
    let size = || fs::metadata(place.path("app.log")).map_or(0, |about| about.len());
    let floods: Vec<_> = (0..writers).map(|_| Flood::start(&place, options)).collect();
    until(SOON, "a flood", || size() > 1_000_000);
    floods[0].tee.signal(SIGUSR2);
    until(SOON, "the rotation", || place.path("app.log.1").exists());
    floods.into_iter().for_each(Flood::end);
}

#[test]
fn usr2_rotates() {
    rotates_in_a_flood("--sync batch", 1);
    rotates_in_a_flood("", 3);
}

#[test]
fn usr2_rotates_behind_lines_that_could_not_be_written() {
    let place = Place::fresh();
    let mut tee = in_mid_stream(&place, "-q --sync batch");
    fs::remove_file(place.path("app.log")).expect("remove a file");
    fs::create_dir(place.path("app.log")).expect("make a directory");
    tee.feed(b"two\n");
    until(SOON, "the trouble", || tee.stderr_so_far().contains("trying again"));
    tee.signal(SIGUSR2);
    tee.feed(b"three\n");
    fs::remove_dir(place.path("app.log")).expect("remove a directory");
    until(SOON, "the rotation", || place.read("app.log") == b"three\n");
    assert_eq!(place.read("app.log.1"), b"two\n");
    tee.finish().expect(0);
}
