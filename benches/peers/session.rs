//! A running program that writes a log.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::bench::Bench;
use crate::program::{Program, Settings};

/// A generous limit, also for the start of Python.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Session {
    program: Program,
    child: Child,
    input: ChildStdin,
    log: PathBuf,
    /// The file with its messages.
    messages: PathBuf,
    /// Counts the bytes on its standard output.
    echo: Option<JoinHandle<u64>>,
}

impl Session {
    /// Starts `program` with a log in `place`.
    pub(crate) fn start(
        bench: &Bench,
        program: Program,
        place: &Path,
        settings: &Settings,
    ) -> Result<Self> {
        let mut command = program.command(&bench.tools, place, settings)?;
        let messages = place.join("messages");
        let to = File::options().append(true).create(true).open(&messages)?;
        command.stdin(Stdio::piped()).stderr(to);
        if settings.echo {
            command.stdout(Stdio::piped());
        }
        let mut child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
        let input = child.stdin.take().context("a pipe was asked for")?;
        let echo = child.stdout.take().map(|mut output| thread::spawn(move || drain(&mut output)));
        Ok(Self { program, child, input, log: program.log(place), messages, echo })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn input(&mut self) -> &mut ChildStdin {
        &mut self.input
    }

    /// Waits until it has appended a first line, so that its start is not measured.
    pub(crate) fn warm_up(&mut self, line: &[u8]) -> Result<()> {
        let size = |log: &Path| fs::metadata(log).map_or(0, |log| log.len());
        let before = size(&self.log);
        self.input.write_all(line)?;
        let began = Instant::now();
        while size(&self.log) == before {
            if began.elapsed() > PATIENCE || self.child.try_wait()?.is_some() {
                bail!("{} does not begin to write: {}", self.program.name(), self.complaint());
            }
            thread::sleep(Duration::from_micros(200));
        }
        Ok(())
    }

    /// Ends its input and waits for its end. Returns how many bytes it wrote to standard output, if
    /// it was to copy its input.
    pub(crate) fn finish(self) -> Result<Option<u64>> {
        let complaint = self.complaint_later();
        let Self { program, mut child, input, echo, .. } = self;
        drop(input);
        let status = child.wait()?;
        ensure!(program.is_well(status), "{} ended with {status}: {}", program.name(), complaint());
        let copied = echo.map(|echo| echo.join().ok().context("cannot read the copy"));
        copied.transpose()
    }

    /// Returns its messages so far.
    fn complaint(&self) -> String {
        self.complaint_later()()
    }

    /// Returns a closure that returns its messages at that time.
    fn complaint_later(&self) -> impl Fn() -> String + use<> {
        let messages = self.messages.clone();
        move || fs::read_to_string(&messages).unwrap_or_default()
    }
}

/// Reads to the end, as the next program in a pipeline would; returns the number of bytes.
fn drain(output: &mut impl Read) -> u64 {
    let mut buffer = vec![0; 256 * 1024];
    let mut total = 0;
    loop {
        match output.read(&mut buffer) {
            Ok(0) | Err(_) => return total,
            Ok(count) => total += count as u64,
        }
    }
}
