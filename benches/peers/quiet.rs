//! Quiet producers: the delay of each of their lines from the pipe to the file.
//!
//! One thread plays all producers and watches the log. So one clock times each line, and no switch
//! between threads delays it. Lines are written when they are due, whether or not earlier ones have
//! arrived.

use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use nix::sys::prctl;

use crate::bench::Bench;
use crate::follow::{Follower, MARK};
use crate::measure::{Quantity, Sample, float};
use crate::program::{Program, Settings};
use crate::session::Session;

/// How long to poll without a pause for a line that has just been written.
const SPIN: Duration = Duration::from_micros(150);

/// The pause between polls after that.
const PAUSE: Duration = Duration::from_micros(20);

/// The longest accepted delay of a line.
const PATIENCE: Duration = Duration::from_secs(120);

/// Quiet producers, and the programs that write their lines to one log.
pub(crate) struct Quiet {
    sessions: Vec<Session>,
    /// Sees the lines arrive.
    follower: Follower,
    /// The time between any two lines.
    gap: Duration,
}

impl Quiet {
    /// Starts `writers` programs; each will get a line every `period`.
    pub(crate) fn start(
        bench: &Bench,
        program: Program,
        place: &Path,
        settings: &Settings,
        (writers, period): (u32, Duration),
    ) -> Result<Self> {
        let mut sessions = Vec::new();
        for _ in 0..writers {
            let mut session = Session::start(bench, program, place, settings)?;
            session.warm_up(b"a first line\n")?;
            sessions.push(session);
        }
        let follower = Follower::new(program.log(place))?;
        Ok(Self { sessions, follower, gap: period / writers })
    }

    /// Returns how many first lines have been written.
    pub(crate) fn first_lines(&self) -> u64 {
        self.sessions.len() as u64
    }

    /// Writes lines until `is_over`, then waits until all have arrived and the programs have ended.
    pub(crate) fn run(mut self, mut is_over: impl FnMut(Duration) -> bool) -> Result<Delays> {
        // Makes short pauses exact.
        prctl::set_timerslack(1)?;
        let (began, mut sent, mut last) = (Instant::now(), Vec::new(), Duration::ZERO);
        let mut delays = Vec::new();
        let mut due = Duration::ZERO;
        loop {
            let mut now = began.elapsed();
            let over = is_over(now);
            if !over && now >= due {
                let session = sent.len() % self.sessions.len();
                let line = format!("{}{:08} an ordinary line\n", char::from(MARK), sent.len());
                now = began.elapsed();
                self.sessions[session].input().write_all(line.as_bytes())?;
                (last, due) = (now, due + self.gap);
                sent.push(Some(now));
            }
            let mut numbers = Vec::new();
            let news = self.follower.poll(|line| numbers.push(number(line)))?;
            now = began.elapsed();
            for number in numbers {
                let line = number.and_then(|number| sent.get_mut(number));
                let time = line.and_then(Option::take);
                ensure!(time.is_some(), "a line has arrived that was not sent, or twice");
                delays.extend(time.map(|time| now.saturating_sub(time)));
            }
            let waiting = delays.len() < sent.len();
            if over && !waiting {
                break;
            }
            ensure!(now < last + PATIENCE, "{} of {} lines arrived", delays.len(), sent.len());
            if !waiting {
                thread::sleep(due.saturating_sub(now));
            } else if !news && now > last + SPIN {
                thread::sleep(PAUSE);
            }
        }
        // Back to the default, for later programs.
        prctl::set_timerslack(0)?;
        self.sessions.into_iter().try_for_each(|session| session.finish().map(drop))?;
        Ok(Delays::new(delays))
    }
}

/// Returns the number in a marked line.
fn number(line: &[u8]) -> Option<usize> {
    std::str::from_utf8(line.get(1..9)?).ok()?.parse().ok()
}

/// The delays of lines, sorted.
pub(crate) struct Delays(Vec<Duration>);

impl Delays {
    /// Sorts these delays.
    pub(crate) fn new(mut delays: Vec<Duration>) -> Self {
        delays.sort_unstable();
        Self(delays)
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// Returns the percentile in microseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let delay = self.0.get(last * percent / 100).copied().unwrap_or_default();
        float(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX)) / 1000.0
    }

    /// Returns the percentiles to report.
    pub(crate) fn sample(&self) -> Sample {
        Sample::from([
            (Quantity::Median, self.percentile(50)),
            (Quantity::Late, self.percentile(99)),
            (Quantity::Latest, self.percentile(100) / 1000.0),
        ])
    }
}
