//! What happens to log and private file while one is compressed ahead.

use super::*;
use flate2::read::MultiGzDecoder;
use std::io::Read;
use std::path::Path;

/// A log in a directory of its own, and what compresses it ahead.
struct Site {
    dir: tempfile::TempDir,
    log: PathBuf,
}

impl Site {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("app.log");
        Self { dir, log }
    }

    fn ahead(&self) -> Incremental {
        Incremental::new(&Names::new(&self.log).unwrap(), 6, u64::MAX).unwrap()
    }

    /// Makes the log this long; equal offsets have equal bytes.
    fn grow(&self, length: u64) -> Vec<u8> {
        let length = usize::try_from(length).unwrap();
        let bytes: Vec<u8> = b"0123456789\n".iter().copied().cycle().take(length).collect();
        fs::write(&self.log, &bytes).unwrap();
        bytes
    }

    fn metadata(&self) -> Metadata {
        sys::look_at(&self.log).unwrap()
    }

    fn catch_up(&self, ahead: &mut Incremental) {
        let (identity, size) = (file_id(&self.metadata()), self.metadata().len());
        while ahead.catch_up(identity, size).unwrap() {}
    }

    fn finish(&self, ahead: &mut Incremental) -> Vec<u8> {
        let (path, _) = ahead.finish(&self.metadata()).unwrap().unwrap();
        inflated(&path)
    }
}

/// A piece's length as that of a buffer.
const LENGTH: usize = 256 * 1024;

fn inflated(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn pieces_are_covered_as_they_come_and_the_rest_at_the_end() {
    let site = Site::new();
    let mut ahead = site.ahead();
    site.grow(PIECE - 1);
    site.catch_up(&mut ahead);
    assert_eq!(ahead.covered, 0);
    site.grow(3 * PIECE + 5);
    site.catch_up(&mut ahead);
    assert_eq!(ahead.covered, 3 * PIECE);
    let bytes = site.grow(3 * PIECE + 77);
    assert_eq!(site.finish(&mut ahead), bytes);
}

#[test]
fn another_process_goes_on_from_what_is_there() {
    let site = Site::new();
    site.grow(2 * PIECE);
    site.catch_up(&mut site.ahead());
    let bytes = site.grow(4 * PIECE + 1);
    let mut other = site.ahead();
    site.catch_up(&mut other);
    assert_eq!(other.covered, 4 * PIECE);
    assert_eq!(site.finish(&mut site.ahead()), bytes);
}

#[test]
fn a_log_that_was_emptied_and_grew_again_is_compressed_anew() {
    let site = Site::new();
    site.grow(3 * PIECE);
    site.catch_up(&mut site.ahead());
    let other = vec![b'x'; 3 * LENGTH];
    fs::write(&site.log, &other).unwrap();
    assert_eq!(site.finish(&mut site.ahead()), other);
    fs::write(&site.log, b"short\n").unwrap();
    assert_eq!(site.finish(&mut site.ahead()), b"short\n");
}

#[test]
fn emptying_is_noticed_by_whoever_covered_the_log_himself() {
    let site = Site::new();
    let mut ahead = site.ahead();
    site.grow(3 * PIECE);
    site.catch_up(&mut ahead);
    let other = vec![b'x'; 4 * LENGTH + 1];
    fs::write(&site.log, &other).unwrap();
    assert_eq!(site.finish(&mut ahead), other);
}

#[test]
fn a_member_that_somebody_died_over_is_cut_off() {
    let site = Site::new();
    let bytes = site.grow(3 * PIECE);
    let mut ahead = site.ahead();
    site.catch_up(&mut ahead);
    let private = ahead.names.private(ahead.identity);
    for cut in [1, 9, 30, ahead.end / 3] {
        let file = File::options().write(true).open(&private).unwrap();
        file.set_len(ahead.end - cut).unwrap();
        assert_eq!(site.finish(&mut site.ahead()), bytes);
    }
}

#[test]
fn what_is_not_ours_in_the_private_file_is_thrown_away() {
    let site = Site::new();
    let bytes = site.grow(PIECE);
    let private = site.ahead().names.private(file_id(&site.metadata()));
    fs::write(&private, b"something else, and long enough to look like a member").unwrap();
    assert_eq!(site.finish(&mut site.ahead()), bytes);
}

#[test]
#[cfg(unix)]
fn a_private_file_that_is_wider_than_the_log_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    let bytes = site.grow(2 * PIECE);
    let mut ahead = site.ahead();
    site.catch_up(&mut ahead);
    let private = ahead.names.private(ahead.identity);
    let mode = |mode| fs::Permissions::from_mode(mode);
    fs::set_permissions(&site.log, mode(0o600)).unwrap();
    fs::set_permissions(&private, mode(0o644)).unwrap();
    assert_eq!(site.finish(&mut site.ahead()), bytes);
    assert_eq!(fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn nothing_is_left_of_a_log_that_was_rotated_meanwhile() {
    let site = Site::new();
    site.grow(2 * PIECE);
    let mut ahead = site.ahead();
    let identity = file_id(&site.metadata());
    ahead.is_about(identity);
    let old = site.metadata();
    fs::rename(&site.log, site.dir.path().join("app.log.1")).unwrap();
    assert!(ahead.claim(&old).unwrap().is_none());
    assert_eq!(site.dir.path().read_dir().unwrap().count(), 1);
}

#[test]
fn somebody_who_is_at_it_is_left_alone() {
    let site = Site::new();
    site.grow(2 * PIECE);
    let mut one = site.ahead();
    let (path, held) = one.finish(&site.metadata()).unwrap().unwrap();
    let mut two = site.ahead();
    site.catch_up(&mut two);
    assert_eq!(two.covered, 0);
    assert!(two.finish(&site.metadata()).unwrap().is_none());
    drop((path, held));
    assert!(two.finish(&site.metadata()).unwrap().is_some());
    assert_eq!(site.dir.path().read_dir().unwrap().count(), 2);
}
