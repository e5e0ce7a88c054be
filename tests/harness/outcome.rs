//! The output of a run and how it ended.

use std::io::Read;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// What a stream has delivered so far. A thread reads it, so the program never waits for the test.
pub(super) struct Gathered {
    bytes: Arc<Mutex<Vec<u8>>>,
    /// The thread that reads; it ends with the stream.
    reader: Option<JoinHandle<()>>,
}

impl Gathered {
    /// Starts to read `stream`.
    pub(super) fn from(mut stream: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut part = vec![0; 65536];
            while let Ok(n @ 1..) = stream.read(&mut part) {
                into.lock().expect("not poisoned").extend_from_slice(&part[..n]);
            }
        });
        Self { bytes, reader: Some(reader) }
    }

    pub(super) fn so_far(&self) -> Vec<u8> {
        self.bytes.lock().expect("not poisoned").clone()
    }

    /// Waits until the stream ends; returns everything.
    pub(super) fn all(&mut self) -> Vec<u8> {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("read the stream");
        }
        self.so_far()
    }
}

/// Removes the warning about a small limit. Most tests have one, so that a few lines rotate the
/// log.
pub(super) fn without_size_warning(said: &[u8]) -> Vec<u8> {
    let lines = said.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| !line.starts_with(SIZE_WARNING)).flatten().copied().collect()
}

const SIZE_WARNING: &[u8] = b"clh-tee: warning: --max-bytes is only ";

/// A run that has ended.
pub(crate) struct Ended {
    /// The command, for messages.
    pub(super) told: String,
    pub(crate) status: ExitStatus,
    pub(crate) out: Vec<u8>,
    pub(crate) err: Vec<u8>,
}

impl Ended {
    #[track_caller]
    pub(crate) fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.status.code(), Some(code), "exit status");
        self
    }

    /// Asserts that a signal killed it and that it left no core file.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn expect_killed_by(&self, signal: i32) -> &Self {
        use std::os::unix::process::ExitStatusExt;
        let how = (self.status.signal(), self.status.core_dumped());
        assert_eq!(how, (Some(signal), false), "the signal that killed it");
        self
    }

    /// Asserts success, and nothing on standard error.
    #[track_caller]
    pub(crate) fn expect_quiet_success(&self) -> &Self {
        self.expect(0);
        assert_eq!(self.stderr(), "", "standard error");
        self
    }

    /// Asserts success, and at most the warning about more backups than are kept on standard error.
    #[track_caller]
    pub(crate) fn expect_success_but_for_history(&self) -> &Self {
        let said = self.expect(0).stderr();
        let other = |line: &&str| !line.contains(" backups, and rotations keep only ");
        assert_eq!(said.lines().find(other), None, "standard error");
        self
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.err).into_owned()
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        if thread::panicking() {
            tell(&self.told, &self.status.to_string(), &self.out, &self.err);
        }
    }
}

/// Prints a run and its output; of long streams only both ends.
pub(super) fn tell(command: &str, status: &str, out: &[u8], err: &[u8]) {
    let text = |bytes: &[u8]| {
        let from = bytes.len().saturating_sub(2000);
        format!("{} bytes: {:?}", bytes.len(), String::from_utf8_lossy(&bytes[from..]))
    };
    eprintln!("--- {command}\n    {status}\n    stdout {}\n    stderr {}", text(out), text(err));
}
