//! What can be asked of a descriptor before it is used.

use std::fs::File;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What is written at once where a write could wait: so much goes in if there
/// is room at all (`PIPE_BUF`).
pub(crate) const AT_ONCE: usize = 4096;

/// Tells whether one of `flags`, or an end, holds for `fd` within `patience`.
pub(crate) fn is_ready(fd: BorrowedFd<'_>, flags: PollFlags, patience: PollTimeout) -> bool {
    poll(&mut [PollFd::new(fd, flags)], patience).is_ok_and(|count| count > 0)
}

/// Tells whether `fd` is the regular file at `path`. A log that feeds itself
/// would have no end.
pub(crate) fn is_file_at(fd: BorrowedFd<'_>, path: &Path) -> bool {
    let open = fd.try_clone_to_owned().and_then(|owned| File::from(owned).metadata());
    let (Ok(open), Ok(found)) = (open, path.metadata()) else { return false };
    found.is_file() && (found.dev(), found.ino()) == (open.dev(), open.ino())
}
