//! What a run says and how it ends.

use std::io::Read;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// What a stream has brought so far, read by a thread of its own so that the
/// program never waits for the test.
pub(super) struct Gathered {
    /// The bytes so far.
    bytes: Arc<Mutex<Vec<u8>>>,
    /// The thread that reads; it ends with the stream.
    reader: Option<JoinHandle<()>>,
}

impl Gathered {
    /// Begins to read `stream`.
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

    /// Returns a copy of what has come so far.
    pub(super) fn so_far(&self) -> Vec<u8> {
        self.bytes.lock().expect("not poisoned").clone()
    }

    /// Returns all, once the stream has ended.
    pub(super) fn all(&mut self) -> Vec<u8> {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("read the stream");
        }
        self.so_far()
    }
}

/// Returns what a run said but the warning of a small limit, which most tests
/// have so that a few lines rotate the log.
pub(super) fn without_size_warning(said: &[u8]) -> Vec<u8> {
    let lines = said.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| !line.starts_with(SIZE_WARNING)).flatten().copied().collect()
}

const SIZE_WARNING: &[u8] = b"clh-tee: warning: --max-bytes is only ";

/// A run that is over.
pub(crate) struct Ended {
    /// The command, for people.
    pub(super) told: String,
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// All of its standard output.
    pub(crate) out: Vec<u8>,
    /// All of its standard error.
    pub(crate) err: Vec<u8>,
}

impl Ended {
    /// Asserts the exit status.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.status.code(), Some(code), "exit status");
        self
    }

    /// Asserts that a signal killed it, and that it left no core file.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn expect_killed_by(&self, signal: i32) -> &Self {
        use std::os::unix::process::ExitStatusExt;
        let how = (self.status.signal(), self.status.core_dumped());
        assert_eq!(how, (Some(signal), false), "the signal that killed it");
        self
    }

    /// Asserts that all went well and nothing was said.
    #[track_caller]
    pub(crate) fn expect_quiet_success(&self) -> &Self {
        self.expect(0);
        assert_eq!(self.stderr(), "", "standard error");
        self
    }

    /// Asserts that all went well and nothing was said but, if at all, that
    /// there are more backups than are kept.
    #[track_caller]
    pub(crate) fn expect_success_but_for_history(&self) -> &Self {
        let said = self.expect(0).stderr();
        let other = |line: &&str| !line.contains(" backups, and rotations keep only ");
        assert_eq!(said.lines().find(other), None, "standard error");
        self
    }

    /// Returns its standard error as text.
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

/// Prints what a run was and did, long streams from their ends only.
pub(super) fn tell(command: &str, status: &str, out: &[u8], err: &[u8]) {
    let text = |bytes: &[u8]| {
        let from = bytes.len().saturating_sub(2000);
        format!("{} bytes: {:?}", bytes.len(), String::from_utf8_lossy(&bytes[from..]))
    };
    eprintln!("--- {command}\n    {status}\n    stdout {}\n    stderr {}", text(out), text(err));
}
