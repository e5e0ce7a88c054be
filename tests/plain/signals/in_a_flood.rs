//! Requests while lines never stop coming: each is carried out when the lines before it are in the
//! log, though the queue is never empty.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use nix::sys::signal::Signal::{SIGHUP, SIGUSR1, SIGUSR2};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::{SOON, in_mid_stream};
use crate::harness::{Place, Running, Tee, until};

const LINE: &[u8] = b"a line of a flood, of which there is no end\n";

/// A writer that gets more lines than it can append.
struct Flood {
    tee: Running,
    ends: Arc<AtomicBool>,
    /// Returns how many bytes it sent.
    producer: JoinHandle<usize>,
}

impl Flood {
    fn start(place: &Place, options: &str) -> Self {
        Self::of(Tee::new(place).args(options).args("-q app.log"))
    }

    fn of(tee: Tee) -> Self {
        let mut tee = tee.start();
        let (mut input, ends) = (tee.take_input(), Arc::new(AtomicBool::new(false)));
        let lines = LINE.repeat(1000);
        let ended = Arc::clone(&ends);
        let producer = thread::spawn(move || {
            let mut sent = 0;
            while !ended.load(Ordering::Relaxed) && input.write_all(&lines).is_ok() {
                sent += lines.len();
            }
            sent
        });
        Self { tee, ends, producer }
    }

    /// Returns how many bytes were sent.
    fn end(self) -> usize {
        self.ends.store(true, Ordering::Relaxed);
        let sent = self.producer.join().expect("a producer");
        let ended = self.tee.end_within(SOON);
        ended.expect(0);
        assert_eq!(ended.stderr(), "");
        sent
    }
}

/// Asserts that the first of `writers` writers rotates on request.
fn rotates_in_a_flood(options: &str, writers: usize) {
    let place = Place::fresh();
    let size = || fs::metadata(place.path("app.log")).map_or(0, |about| about.len());
    let floods: Vec<_> = (0..writers).map(|_| Flood::start(&place, options)).collect();
    until(SOON, "a flood", || size() > 1_000_000);
    floods[0].tee.signal(SIGUSR2);
    until(SOON, "the rotation", || place.path("app.log.1").exists());
    floods.into_iter().map(Flood::end).for_each(drop);
}

#[test]
fn usr2_rotates() {
    rotates_in_a_flood("--sync batch", 1);
    rotates_in_a_flood("", 3);
}

#[test]
#[ignore = "needs strace"]
fn usr1_and_hup_flush() {
    for signal in [SIGUSR1, SIGHUP] {
        let place = Place::fresh();
        let strace = "-D -f -qq -o trace -e trace=fsync,fdatasync";
        let tee = Tee::new(&place).program("strace").args(strace);
        let flood = Flood::of(tee.arg(env!("CARGO_BIN_EXE_clh-tee")).args("-q app.log"));
        let size = || fs::metadata(place.path("app.log")).map_or(0, |about| about.len());
        until(SOON, "a flood", || size() > 1_000_000);
        assert_eq!(place.read("trace"), b"", "{signal}");
        flood.tee.signal(signal);
        until(SOON, "the fsync", || !place.read("trace").is_empty());
        flood.end();
    }
}

/// Nothing to rotate, nothing to flush, and nothing for a request to wait for.
#[test]
fn requests_do_not_disturb_a_flood_into_a_fifo() {
    let place = Place::fresh();
    mkfifo(&place.path("app.log"), Mode::S_IRWXU).expect("make a FIFO");
    let fifo = place.path("app.log");
    let reader = thread::spawn(move || {
        let mut fifo = File::open(fifo).expect("open the FIFO");
        let mut all = Vec::new();
        fifo.read_to_end(&mut all).expect("read the FIFO");
        all
    });
    let flood = Flood::start(&place, "--sync batch");
    for signal in [SIGUSR1, SIGUSR2, SIGHUP] {
        flood.tee.signal(signal);
    }
    let lines = flood.end() / LINE.len();
    let all = reader.join().expect("a reader");
    // USR1 and HUP each flush the partial line.
    let all: Vec<&[u8]> = all.split(|byte| *byte == b'\n').collect();
    assert!(all.len() <= lines + 3, "{} for {lines}", all.len());
    assert_eq!(all.concat().len(), lines * (LINE.len() - 1));
    assert_eq!(place.names(), [".__app.lock", "app.log"]);
}

#[test]
fn usr2_rotates_behind_lines_that_could_not_be_written() {
    let place = Place::fresh();
    let mut tee = in_mid_stream(&place, "-q --sync batch");
    fs::remove_file(place.path("app.log")).expect("remove a file");
    fs::create_dir(place.path("app.log")).expect("make a directory");
    tee.feed(b"two\n");
    until(SOON, "the trouble", || tee.stderr_so_far().contains("retrying"));
    tee.signal(SIGUSR2);
    tee.feed(b"three\n");
    fs::remove_dir(place.path("app.log")).expect("remove a directory");
    until(SOON, "the rotation", || place.read("app.log") == b"three\n");
    assert_eq!(place.read("app.log.1"), b"two\n");
    tee.finish().expect(0);
}
