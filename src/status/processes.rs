//! Which processes hold the lock or have the log open.
//!
//! On Linux every user may read which process holds which lock, but only a process's own user and
//! root may read which files it has open. Processes in other containers are invisible. On other
//! systems nothing is known.

use super::LockFile;
use super::scan::Scan;
use crate::names::Names;
use crate::sys::{self, identity};

/// A process on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Process {
    /// Its process id.
    pub pid: u32,
    /// Its effective user id, if known.
    pub user: Option<u32>,
    /// Its command line as bytes, with a blank between arguments, as far as it can be read.
    pub command: Vec<u8>,
    /// The same, split into arguments.
    pub arguments: Vec<Vec<u8>>,
}

/// A process that has the log or its lock file open.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opener {
    /// The process.
    pub process: Process,
    /// Whether it has the log open.
    pub log: bool,
    /// Whether it has the lock file open.
    pub lock: bool,
    /// Whether it has the log open for writing.
    pub writes: bool,
}

/// Returns the lock file and its holder, the openers, and how many processes may not be examined.
pub(super) fn look(names: &Names, scan: &Scan) -> (LockFile, Vec<Opener>, u64) {
    let holder = scan.lock.as_ref().and_then(|lock| scan.locks.holder(lock));
    let file = LockFile {
        path: scan.lock_path.clone(),
        exists: scan.lock.is_some(),
        holder: holder.map(Process::of),
        waiting: scan.lock.as_ref().map_or(0, |lock| scan.locks.waiting(lock)),
        next_rotation: scan.next_rotation,
    };
    let (mut openers, mut hidden) = (Vec::new(), 0);
    let log = scan.log.as_ref().map(|(_, metadata)| identity(metadata));
    let lock = scan.lock.as_ref().map(identity);
    let files = [(names.log(), log), (&*scan.lock_path, lock)];
    for (pid, open) in sys::openers(files) {
        match open {
            Some([None, None]) => {}
            Some(open) => openers.push(Opener {
                process: Process::of(pid),
                log: open[0].is_some(),
                lock: open[1].is_some(),
                writes: open[0] == Some(true),
            }),
            // A process without a command line is a kernel thread, or has ended.
            None => hidden += u64::from(!sys::command(pid).is_empty()),
        }
    }
    (file, openers, hidden)
}

impl Process {
    fn of(pid: u32) -> Self {
        let command = sys::command(pid);
        let arguments: Vec<_> = command.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
        Self { pid, user: sys::user_of(pid), command: arguments.join(&b' '), arguments }
    }
}
