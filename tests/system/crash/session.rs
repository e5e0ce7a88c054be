//! A session: it begins in a scene, is fed, and may be killed or disturbed.

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

/// Ample time for what should happen at once.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// The log's name in its directory.
pub(crate) const LOG: &str = "app.log";

/// A session in its directory.
pub(crate) struct Session<'a> {
    /// Where it begins.
    pub(crate) scene: &'a Scene,
    /// The place of directory and recordings.
    pub(crate) place: Place,
    /// What there is before, in order.
    pub(crate) before: Generations,
}

/// A session that is over.
pub(crate) struct Over {
    /// Its system calls.
    pub(crate) calls: Vec<Call>,
    /// How it ended.
    pub(crate) ended: Ended,
}

impl<'a> Session<'a> {
    /// Prepares a session.
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

    /// Returns the log's directory.
    pub(crate) fn dir(&self) -> PathBuf {
        self.place.path("logs")
    }

    /// Returns the log's path.
    pub(crate) fn log(&self) -> PathBuf {
        self.dir().join(LOG)
    }

    /// Returns the program as this scene has it.
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

    /// Runs it to its end, which may be an early one: strace's `inject` says
    /// what happens to it, if `path` is given only to calls about that.
    pub(crate) fn run(&self, inject: &[String], path: Option<&Path>) -> Over {
        self.run_on(&pieces(self.scene.pieces), inject, path)
    }

    /// Runs a writer on other input than the session's.
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
            // Whoever was killed reads nothing more.
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

    /// Returns the file in which system calls are recorded.
    pub(crate) fn calls(&self) -> PathBuf {
        self.place.path("calls")
    }

    /// Waits until `piece` is in; tells whether it is.
    fn wait_for(&self, piece: &[u8], running: &mut Running) -> bool {
        let last = &piece[piece.len() - LINE..];
        let mut is_in = false;
        until(SOON, "the piece is in the log", || {
            is_in = fs::read(self.log()).is_ok_and(|log| log.ends_with(last));
            is_in || !running.alive()
        });
        is_in
    }

    /// Records the calls of a session in `scene`.
    pub(crate) fn record(scene: &'a Scene) -> Recording {
        let session = Self::new(scene);
        let over = session.run(&[], None);
        over.ended.expect(0);
        Recording::of(over.calls, session.place.dir())
    }

    /// Lets a fresh writer with the options `args` append `lines`. Returns what
    /// is wrong with it: it must manage, and may tell of nothing but what it
    /// adopted.
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

    /// Returns what there ought to be if the first `count` lines of the
    /// session are in.
    pub(crate) fn model(&self, count: usize) -> Generations {
        let mut model = self.before.clone();
        model.append_all(&lines("line", 0, count), LIMIT, self.scene.keep);
        model
    }

    /// Judges the directory by what there ought to be.
    pub(crate) fn judge(&self, model: &Generations) -> Verdict {
        let mut verdict = judge(&self.dir(), LOG, model);
        if self.scene.name == "gap" {
            // One that was there before is closed when the chain reaches it.
            verdict.faults.retain(|fault| !fault.starts_with("a gap"));
        }
        verdict
    }
}

/// Returns the input of a session, in so many pieces.
pub(crate) fn pieces(count: usize) -> Vec<Vec<u8>> {
    let each = LINES / count;
    (0..count).map(|piece| lines("line", piece * each, (piece + 1) * each)).collect()
}

/// Returns how many whole lines of the session went into the log at `log`, as
/// its system calls tell.
///
/// # Panics
/// If something else was written: half a line.
pub(crate) fn lines_in(calls: &[Call], log: &Path) -> usize {
    let written: i64 = calls
        .iter()
        .filter(|call| call.writes_to(log))
        .filter_map(|call| call.result)
        // One byte is the newline behind a torn line.
        .filter(|count| *count > 1)
        .sum();
    let written = usize::try_from(written).expect("a count");
    assert_eq!(written % LINE, 0, "whole lines were written");
    written / LINE
}
