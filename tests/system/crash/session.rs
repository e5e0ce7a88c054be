//! A session: it begins in a scene, gets input, and may be killed or disturbed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::scenes::{LIMIT, LINE, Scene, lines};
use crate::harness::generations::{Generations, Verdict, judge};
use crate::harness::strace::{Call, Recording, Strace, catches_signals};
use crate::harness::{Ended, Place, Running, Tee, until};

/// How many lines a session has.
pub(crate) const LINES: usize = 60;

/// A generous limit for what should happen at once.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// The log's name in its directory.
pub(crate) const LOG: &str = "app.log";

pub(crate) struct Session<'a> {
    pub(crate) scene: &'a Scene,
    /// The place with the log's directory and the recordings.
    pub(crate) place: Place,
    /// The generations that exist beforehand, oldest first.
    pub(crate) before: Generations,
}

/// A session that has ended.
pub(crate) struct Over {
    pub(crate) calls: Vec<Call>,
    pub(crate) ended: Ended,
}

impl<'a> Session<'a> {
    /// Makes the scene.
    pub(crate) fn new(scene: &'a Scene) -> Self {
        let place = Place::fresh();
        let dir = place.path("logs");
        fs::create_dir(&dir).expect("make a directory");
        let mut before = (scene.prepare)(&dir);
        if scene.keep > 0 {
            let beyond = before.backups.len().saturating_sub(scene.keep);
            before.backups.drain(..beyond);
        }
        Self { scene, place, before }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.place.path("logs")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.dir().join(LOG)
    }

    /// Returns the program with the scene's options.
    pub(crate) fn tee(&self) -> Tee {
        self.tee_with(self.scene.args)
    }

    /// Returns the program with other options.
    pub(crate) fn tee_with(&self, args: &str) -> Tee {
        let keep = self.scene.keep;
        Tee::new(&self.place).args(&format!(
            "-q --max-bytes {LIMIT} --backups {keep} --drain-timeout 200ms {args} logs/{LOG}"
        ))
    }

    /// Runs the session to its end. strace's `inject` may end it early or disturb it; with a
    /// `path`, only at calls about that path.
    pub(crate) fn run(&self, inject: &[String], path: Option<&Path>) -> Over {
        self.run_on(&pieces(self.scene.pieces), inject, path)
    }

    /// Runs a writer on other input.
    pub(crate) fn run_on(
        &self,
        pieces: &[Vec<u8>],
        inject: &[String],
        path: Option<&Path>,
    ) -> Over {
        let mut running = self.tee().start();
        until(SOON, "the program has started", || catches_signals(running.pid()));
        let strace = Strace::attach(running.pid(), &self.calls(), inject, path);
        let mut input = running.take_input();
        for piece in pieces {
            // A killed program reads no more.
            let fed = input.write_all(piece).is_ok();
            if !fed || !self.wait_for(piece, &mut running) {
                break;
            }
        }
        drop(input);
        let ended = running.finish();
        let calls = strace.finish();
        Over { calls, ended }
    }

    /// Returns the file in which strace records the calls.
    pub(crate) fn calls(&self) -> PathBuf {
        self.place.path("calls")
    }

    /// Waits until `piece` is in the log; returns whether it is.
    fn wait_for(&self, piece: &[u8], running: &mut Running) -> bool {
        let last = &piece[piece.len() - LINE..];
        let mut is_in = false;
        until(SOON, "the piece is in the log", || {
            is_in = fs::read(self.log()).is_ok_and(|log| log.ends_with(last));
            is_in || !running.alive()
        });
        is_in
    }

    /// Records the calls of an undisturbed session in `scene`.
    pub(crate) fn record(scene: &'a Scene) -> Recording {
        let session = Self::new(scene);
        let over = session.run(&[], None);
        over.ended.expect(0);
        Recording::of(over.calls, session.place.dir())
    }

    /// Lets a fresh writer with the options `args` append `lines`. Returns what is wrong with it:
    /// it must succeed, and may report only adopted orphans.
    pub(crate) fn go_on(&self, args: &str, lines: &[u8]) -> Vec<String> {
        let ended = self.tee_with(args).run(lines);
        let mut faults = Vec::new();
        if ended.status.code() != Some(0) {
            faults.push(format!("the next writer ends with {}", ended.status));
        }
        let good = |line: &str| line.contains("' was left by a writer that died; it is backup ");
        let bad = |line: &&str| !good(line);
        faults.extend(ended.stderr().lines().filter(bad).map(str::to_owned));
        faults
    }

    /// Returns the expected files if the first `count` lines of the session are in the log.
    pub(crate) fn model(&self, count: usize) -> Generations {
        let mut model = self.before.clone();
        model.append_all(&lines("line", 0, count), LIMIT, self.scene.keep);
        model
    }

    /// Compares the directory with the model.
    pub(crate) fn judge(&self, model: &Generations) -> Verdict {
        let mut verdict = judge(&self.dir(), LOG, model);
        if self.scene.name == "gap" {
            // A gap that existed before is closed only when the chain reaches it.
            verdict.faults.retain(|fault| !fault.starts_with("a gap"));
        }
        verdict
    }
}

/// Returns the input of a session in `count` pieces.
pub(crate) fn pieces(count: usize) -> Vec<Vec<u8>> {
    let each = LINES / count;
    (0..count).map(|piece| lines("line", piece * each, (piece + 1) * each)).collect()
}

/// Returns how many whole lines of the session went into the log, from the recorded calls.
///
/// # Panics
///
/// If anything else was written, such as half a line.
pub(crate) fn lines_in(calls: &[Call], log: &Path) -> usize {
    let written: i64 = calls
        .iter()
        .filter(|call| call.writes_to(log))
        .filter_map(|call| call.result)
        // A single byte is the newline after a partial line.
        .filter(|count| *count > 1)
        .sum();
    let written = usize::try_from(written).expect("a count");
    assert_eq!(written % LINE, 0, "whole lines were written");
    written / LINE
}
