//! Compressing a log before it is rotated, in pieces, as it grows.
//!
//! To compress a whole log under the lock makes every writer wait: a second
//! for 100 MB. But what is in a log below its present end never changes, so it
//! can be compressed early, by whoever passes by, with no lock held; and only
//! the last piece is left to do under the lock.
//!
//! ```text
//!            ┌── piece ──┬── piece ──┬── piece ──┬─ not yet ─┐
//!  app.log   │           │           │           │           │ ◀─ lines come in
//!            └───────────┴───────────┴───────────┴───────────┘
//!            ┌─ member ┬ member ─┬ member ┐
//!  private   │         │         │        │    .__app.log.IDENTITY.gz
//!            └─────────┴─────────┴────────┘
//! ```
//!
//! A private file beside the log holds one gzip member for each piece; members
//! one after another are a valid gzip file for every reader. The extra field of
//! a member's header says how long the member and its piece are, so what is
//! covered is known without inflating. Whoever adds a member holds a `flock` on
//! the private file; who does not get it goes on, for somebody else is at it.
//!
//! The private file is named by the identity of its log. It is used only if it
//! is as good as compressing anew: what a process did not see being written
//! since it runs, it compares with the log by its checksum before it relies on
//! it, and throws all of it away if there is a difference.

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use crate::compress::Deflater;
use crate::compress::block::{Block, checksum};
use crate::file::permissions::Ownership;
use crate::file::{file_id, open_to_read};
use crate::lock;
use crate::names::Names;
use crate::sys::{self, FileExt, Identity, Metadata};

/// How much of a log becomes one member. Small pieces leave little to be done
/// under the lock; large ones compress better.
pub(crate) const PIECE: u64 = 256 * 1024;

/// How long whoever is at the private file is waited for under the lock: much
/// longer than a piece takes.
const PATIENCE: Duration = Duration::from_millis(250);

/// A log that can get no longer than this is compressed under the lock: that
/// takes some milliseconds.
const WORTH_WHILE: u64 = 8 * PIECE;

/// The log's private file, and how much of the log it covers.
#[derive(Debug)]
pub(crate) struct Incremental {
    /// The names of log and private file.
    names: Names,
    /// What compresses the pieces.
    deflater: Deflater,
    /// A piece, and its member: memory that is used again and again.
    buffers: (Vec<u8>, Vec<u8>),
    /// Which log the rest is about.
    identity: u64,
    /// How much of that log is covered.
    covered: u64,
    /// Which file the private one was when we last looked.
    private: Option<Identity>,
    /// Where in the private file the last member ends.
    end: u64,
    /// Whether what was found when we first looked has been compared with the
    /// log.
    verified: bool,
    /// Which piece is covered first, and which last.
    samples: Option<(Sample, Sample)>,
}

/// A piece that is covered: where in the log it is, and its checksum.
#[derive(Debug, Clone, Copy)]
struct Sample {
    /// Where it begins.
    offset: u64,
    /// How long it is.
    length: u64,
    /// Its CRC-32.
    checksum: u32,
}

impl Sample {
    /// Tells whether the log still has it.
    fn is_in(&self, log: &File) -> io::Result<bool> {
        Ok(checksum(log, self.offset, self.length)? == self.checksum)
    }
}

impl Incremental {
    /// Returns what compresses the log of these `names` ahead, if that is
    /// worth while for one of at most `max_bytes`.
    pub(crate) fn new(names: &Names, level: u32, max_bytes: u64) -> Option<Self> {
        (max_bytes > WORTH_WHILE).then(|| Self {
            names: names.clone(),
            deflater: Deflater::new(level),
            buffers: (Vec::new(), Vec::new()),
            identity: 0,
            covered: 0,
            private: None,
            end: 0,
            verified: false,
            samples: None,
        })
    }

    /// Returns how much of the log of this `identity` is known to be covered.
    pub(crate) fn covered(&self, identity: u64) -> u64 {
        if self.identity == identity { self.covered } else { 0 }
    }

    /// Compresses one piece, if there is a whole one below `size`, to which
    /// the log of this `identity` is known to have grown. Returns whether
    /// there may be more to do at once.
    ///
    /// # Errors
    ///
    /// If it cannot be done; nothing is lost by it.
    pub(crate) fn catch_up(&mut self, identity: u64, size: u64) -> io::Result<bool> {
        self.is_about(identity);
        if size < self.covered + PIECE {
            return Ok(false);
        }
        let log = open_to_read(self.names.log())?;
        let metadata = sys::about(&log)?;
        if file_id(&metadata) != identity || metadata.len() < size {
            return Ok(false);
        }
        let Some(private) = self.claim(&metadata)? else { return Ok(false) };
        self.take_stock(&private, &log, metadata.len())?;
        if size >= self.covered + PIECE {
            self.add(&private, &log, PIECE)?;
        }
        Ok(size >= self.covered + PIECE)
    }

    /// Covers the whole log, of which `metadata` tells, and which nobody
    /// appends to now. Returns the private file and its path, or nothing if
    /// somebody else keeps it.
    ///
    /// # Errors
    ///
    /// If it cannot be done; then the private file is of no use.
    pub(crate) fn finish(&mut self, metadata: &Metadata) -> io::Result<Option<(PathBuf, File)>> {
        let identity = file_id(metadata);
        self.is_about(identity);
        let log = open_to_read(self.names.log())?;
        let Some(private) = self.claim_patiently(metadata)? else { return Ok(None) };
        self.take_stock(&private, &log, metadata.len())?;
        if let Some((first, last)) = self.samples
            && !(first.is_in(&log)? && last.is_in(&log)?)
        {
            // Somebody has emptied the log, and it has grown again.
            self.begin_anew();
        }
        while self.covered < metadata.len() {
            self.add(&private, &log, PIECE.min(metadata.len() - self.covered))?;
        }
        private.set_len(self.end)?;
        Ok(Some((self.names.private(identity), private)))
    }

    /// Forgets what is known of another log.
    fn is_about(&mut self, identity: u64) {
        if self.identity != identity {
            self.identity = identity;
            self.forget();
        }
    }

    /// Forgets what is known of the private file.
    fn forget(&mut self) {
        self.private = None;
        self.verified = false;
        self.begin_anew();
    }

    /// Takes nothing to be covered; what the private file holds is overwritten.
    fn begin_anew(&mut self) {
        (self.covered, self.end, self.samples) = (0, 0, None);
    }

    /// Counts one member more.
    fn covers(&mut self, member: &Block) {
        let (offset, length) = (self.covered, member.piece);
        let last = Sample { offset, length, checksum: member.checksum };
        self.samples = Some((self.samples.map_or(last, |(first, _)| first), last));
        self.covered += member.piece;
        self.end += member.length;
    }

    /// Returns the private file, which is made if it is missing with the mode
    /// and owner of the log, unless somebody else is at it.
    fn claim(&mut self, log: &Metadata) -> io::Result<Option<File>> {
        let path = self.names.private(self.identity);
        let ownership = Ownership::at(self.names.log(), log);
        let file = match sys::options().read(true).write(true).open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                ownership.create(&path).map(|(file, _)| file)
            }
            other => other,
        };
        let file = match file {
            // Somebody made it just now, and is at it.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
            other => other?,
        };
        if !lock::try_lock(&file)? {
            return Ok(None);
        }
        let metadata = sys::about(&file)?;
        let private = sys::identity(&metadata);
        if sys::look_at(&path).is_ok_and(|found| sys::identity(&found) != private) {
            // Between opening and locking it became a backup.
            return Ok(None);
        }
        if !self.log_is_there() || !ownership.admits(&Ownership::of(&file, &metadata)) {
            // The log has been rotated, and nobody wants it any more; or it is
            // not ours. The next one to come makes a new one.
            fs::remove_file(&path)?;
            return Ok(None);
        }
        if self.private != Some(private) {
            self.forget();
            self.private = Some(private);
        }
        Ok(Some(file))
    }

    /// Tells whether the log that this is about stands at its path. As long as
    /// we have its private file, it cannot be rotated by `clh-tee`.
    fn log_is_there(&self) -> bool {
        let metadata = sys::look_at(self.names.log());
        metadata.is_ok_and(|metadata| file_id(&metadata) == self.identity)
    }

    /// As [`Incremental::claim`], but gives whoever is at it some time to be done
    /// with a piece. A process that has been stopped is not waited for.
    fn claim_patiently(&mut self, log: &Metadata) -> io::Result<Option<File>> {
        for _ in 0..PATIENCE.as_millis() {
            if let Some(file) = self.claim(log)? {
                return Ok(Some(file));
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(None)
    }

    /// Learns which members have been added to the private file, and cuts off
    /// what follows them: somebody died while he added one. Members of before
    /// our time are compared with the log.
    fn take_stock(&mut self, private: &File, log: &File, size: u64) -> io::Result<()> {
        let mut length = private.metadata()?.len();
        if length < self.end {
            // Somebody has found that it is not as the log is.
            self.begin_anew();
            self.verified = false;
        }
        while let Some(member) = Block::at(private, self.end, length)? {
            let good = self.covered + member.piece <= size
                && (self.verified || self.is_good(&member, private, log)?);
            if !good {
                self.begin_anew();
                length = u64::MAX;
                break;
            }
            self.covers(&member);
        }
        self.verified = true;
        if length > self.end { private.set_len(self.end) } else { Ok(()) }
    }

    /// Tells whether the next member is whole and the log has its piece.
    fn is_good(&self, member: &Block, private: &File, log: &File) -> io::Result<bool> {
        Ok(member.is_sound(private, self.end)?
            && checksum(log, self.covered, member.piece)? == member.checksum)
    }

    /// Compresses the next `length` bytes of the log and adds the member.
    fn add(&mut self, private: &File, log: &File, length: u64) -> io::Result<()> {
        let (piece, bytes) = &mut self.buffers;
        piece.resize(usize::try_from(length).map_err(io::Error::other)?, 0);
        log.read_exact_at(piece, self.covered)?;
        let member = Block::of(piece, &mut self.deflater, bytes)?;
        if let Err(error) = private.write_all_at(bytes, self.end) {
            // A part of a member at the end would make the file useless.
            private.set_len(self.end)?;
            return Err(error);
        }
        self.covers(&member);
        Ok(())
    }
}
