//! Everything about `.gz`: compressing a log into a file beside it, and comparing the two.
//!
//! An incomplete file never has a backup's name: the compressed file is [private](private_file)
//! until [`rotation`](crate::rotation) places it.
//!
//! Except for tests, only this room uses flate2. Its backend zlib-rs makes logs 8 % larger at level
//! 6 than Python's level 9, and 1 % larger at level 7, which is a seventh slower.

pub(crate) mod background;
pub(crate) mod block;
mod compare;
pub(crate) mod incremental;
mod inflate;
pub(crate) mod private_file;

use std::fs::File;
use std::io;

pub(crate) use self::compare::{Relation, is_half_of, relation, same_generation};
pub(crate) use self::inflate::{Inflated, beginning, inflate, inflated};
use crate::sys::FileExt;

/// How much is read at once when files are compressed or compared.
const PIECE: usize = 64 * 1024;

/// Reads from one offset to another and passes each piece on, with whether it is the last.
fn pieces(
    file: &File,
    mut from: u64,
    to: u64,
    mut take: impl FnMut(&[u8], bool) -> io::Result<()>,
) -> io::Result<()> {
    let most = |left: u64| usize::try_from(left).unwrap_or(PIECE).min(PIECE);
    let mut piece = vec![0; most(to - from)];
    while from < to {
        let piece = &mut piece[..most(to - from)];
        file.read_exact_at(piece, from)?;
        from += piece.len() as u64;
        take(piece, from == to)?;
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::private_file::Compressed;
    use crate::names::Names;
    use std::fs;
    use std::path::{Path, PathBuf};

    /// Compresses a file; returns the path of the result.
    pub(crate) fn compress(source: &Path) -> PathBuf {
        let names = Names::new(source).unwrap();
        let about = crate::sys::look_at(source).unwrap();
        Compressed::whole(&names, source, &about, 6, true).unwrap().place(source).unwrap();
        crate::names::compressed(source)
    }

    #[test]
    fn header_names_no_file_and_time_is_the_source_s() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("s");
        fs::write(&source, b"line\n").unwrap();
        let target = compress(&source);
        assert_eq!(fs::read(&target).unwrap()[3], 0, "no flag, so no name");
        let modified = |path| fs::metadata(path).unwrap().modified().unwrap();
        assert_eq!(modified(&source), modified(&target));
    }
}
