//! What can happen to the log and the private file while the log is compressed as it grows.

use super::*;
use crate::compress::block::{SMALL, length_at};
use flate2::bufread::GzDecoder;
use std::fs;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// The length of a block at the beginning of a log.
const BLOCK: u64 = 512 * 1024;

/// A log in its own directory, and its compressor.
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

    fn incremental(&self) -> Incremental {
        self.limited(u64::MAX)
    }

    fn limited(&self, limit: u64) -> Incremental {
        Incremental::new(&Names::new(&self.log).unwrap(), 6, limit, true)
    }

    fn write(&self, bytes: &[u8]) {
        fs::write(&self.log, bytes).unwrap();
    }

    /// Appends bytes that depend only on their offset.
    fn grow(&self, length: u64) -> Vec<u8> {
        let bytes = ticks(length);
        self.write(&bytes);
        bytes
    }

    fn metadata(&self) -> Metadata {
        sys::look_at(&self.log).unwrap()
    }

    fn identity(&self) -> u64 {
        file_id(&self.metadata())
    }

    fn private(&self) -> PathBuf {
        Names::new(&self.log).unwrap().private(self.identity())
    }

    fn catch_up(&self, incremental: &mut Incremental) {
        let (identity, length) = (file_id(&self.metadata()), self.metadata().len());
        while incremental.catch_up(identity, length, 1).unwrap() {}
    }

    fn prepare(&self, incremental: &mut Incremental) {
        incremental.prepare(file_id(&self.metadata()), self.metadata().len(), || ()).unwrap();
    }

    fn finish(&self, incremental: &mut Incremental) -> Vec<u8> {
        self.prepare(incremental);
        assert!(incremental.is_ready(&self.metadata()));
        self.finish_unprepared(incremental)
    }

    fn finish_unprepared(&self, incremental: &mut Incremental) -> Vec<u8> {
        let closed = incremental.finish(&self.metadata()).unwrap().unwrap();
        let bytes = inflated(&self.private());
        closed.put_back();
        bytes
    }
}

fn ticks(length: u64) -> Vec<u8> {
    b"0123456789\n".iter().copied().cycle().take(usize::try_from(length).unwrap()).collect()
}

/// Returns the content of the first member; asserts that nothing follows it.
fn inflated(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut decoder = GzDecoder::new(BufReader::new(File::open(path).unwrap()));
    decoder.read_to_end(&mut bytes).unwrap();
    assert_eq!(decoder.get_mut().read(&mut [0]).unwrap(), 0, "one member");
    bytes
}

#[test]
fn blocks_are_covered_as_they_come_and_the_rest_at_the_end() {
    let site = Site::new();
    let mut incremental = site.incremental();
    site.grow(BLOCK - 1);
    site.catch_up(&mut incremental);
    assert_eq!(incremental.covered, 0);
    site.grow(3 * BLOCK + 5);
    site.catch_up(&mut incremental);
    assert_eq!(incremental.covered, 3 * BLOCK);
    let bytes = site.grow(3 * BLOCK + 77);
    assert_eq!(site.finish(&mut incremental), bytes);
}

#[test]
fn no_more_blocks_than_asked_are_compressed_at_once() {
    let site = Site::new();
    let mut incremental = site.incremental();
    site.grow(6 * BLOCK);
    for (bytes, covered) in [(1, BLOCK), (BLOCK, 2 * BLOCK), (BLOCK + 1, 4 * BLOCK)] {
        assert!(incremental.catch_up(site.identity(), 6 * BLOCK, bytes).unwrap());
        assert_eq!(incremental.covered(site.identity()), covered);
    }
    assert_eq!(incremental.covered(site.identity() ^ 1), 0, "another log");
}

#[test]
fn only_the_log_that_is_meant_is_compressed_and_only_as_far_as_it_is_sure_to_reach() {
    let site = Site::new();
    let mut incremental = site.incremental();
    site.grow(3 * BLOCK);
    assert!(incremental.catch_up(site.identity(), 2 * BLOCK, u64::MAX).unwrap());
    assert_eq!(incremental.covered, 2 * BLOCK);
    assert!(!incremental.catch_up(site.identity(), 4 * BLOCK, u64::MAX).unwrap(), "it is shorter");
    let old = site.identity();
    fs::rename(&site.log, site.dir.path().join("app.log.1")).unwrap();
    site.grow(4 * BLOCK);
    assert!(!incremental.catch_up(old, 4 * BLOCK, u64::MAX).unwrap(), "it was rotated");
    assert!(!site.private().exists());
}

#[test]
fn a_log_that_is_almost_full_is_compared_before_the_rotation_waits_for_it() {
    let limit = 32 * SMALL;
    for (left, compared) in [(2 * SMALL, false), (SMALL, true), (0, false)] {
        let site = Site::new();
        let mut incremental = site.limited(limit);
        site.grow(limit - left);
        incremental.catch_up(site.identity(), limit - left, u64::MAX).unwrap();
        assert_eq!(incremental.covered, limit - left);
        assert_eq!(incremental.compared.is_some(), compared, "{left} left");
    }
}

#[test]
fn a_log_that_differs_when_it_is_almost_full_is_compressed_anew() {
    let limit = 32 * SMALL;
    let site = Site::new();
    let mut incremental = site.limited(limit);
    let mut bytes = site.grow(limit - 2 * SMALL);
    site.catch_up(&mut incremental);
    bytes[8 * 4096] ^= 1;
    bytes.resize(usize::try_from(limit - SMALL).unwrap(), b'x');
    site.write(&bytes);
    site.catch_up(&mut incremental);
    assert_eq!((incremental.covered, incremental.compared), (limit - SMALL, None));
    assert_eq!(site.finish(&mut incremental), bytes);
}

#[test]
fn what_is_left_near_the_limit_is_less_than_a_small_block() {
    for limit in [SMALL, 8 * SMALL, 2 << 20, 10 << 20] {
        let site = Site::new();
        let mut incremental = site.limited(limit);
        site.grow(limit);
        site.catch_up(&mut incremental);
        assert_eq!(incremental.covered, limit);
        assert_eq!(length_at(limit - SMALL, limit), SMALL);
    }
}

#[test]
fn another_process_goes_on_from_what_is_there() {
    let site = Site::new();
    let (mut one, mut other) = (site.incremental(), site.incremental());
    for blocks in [2, 3, 5] {
        site.grow(blocks * BLOCK);
        site.catch_up(&mut one);
        site.grow((blocks + 1) * BLOCK);
        site.catch_up(&mut other);
    }
    let bytes = site.grow(6 * BLOCK + 1);
    assert_eq!(other.covered, 6 * BLOCK);
    assert!(!other.is_ready(&site.metadata()), "it has not compared what it found");
    assert_eq!(site.finish(&mut other), bytes);
}

#[test]
fn a_rotation_is_ready_only_if_nothing_is_left_and_all_is_trusted() {
    let site = Site::new();
    let (mut one, mut two) = (site.incremental(), site.incremental());
    site.grow(2 * BLOCK);
    assert!(!one.is_ready(&site.metadata()));
    site.prepare(&mut one);
    assert!(one.is_ready(&site.metadata()));
    site.grow(2 * BLOCK + 1);
    assert!(!one.is_ready(&site.metadata()));
    site.prepare(&mut one);
    assert!(one.is_ready(&site.metadata()));
    site.grow(3 * BLOCK);
    assert!(!one.is_ready(&site.metadata()));
    site.catch_up(&mut two);
    assert!(!one.is_ready(&site.metadata()), "another process wrote the last block");
    assert_eq!(site.finish_unprepared(&mut one), ticks(3 * BLOCK), "all the same it can be done");
}

#[test]
fn a_rotation_is_not_ready_with_an_old_comparison_or_an_incomplete_file() {
    let site = Site::new();
    let limit = 32 * SMALL;
    let mut incremental = site.limited(limit);
    site.grow(100);
    assert!(incremental.is_ready(&site.metadata()), "little is compressed as a whole");
    site.grow(limit - SMALL);
    site.catch_up(&mut incremental);
    assert!(incremental.compared.is_some());
    assert!(!incremental.is_ready(&site.metadata()), "it has no end yet");
    site.prepare(&mut incremental);
    assert!(incremental.is_ready(&site.metadata()));
    incremental.compared = incremental.compared.and_then(|at| at.checked_sub(FRESH));
    assert!(!incremental.is_ready(&site.metadata()), "the log may have changed since");
}

#[test]
fn blocks_of_other_processes_are_compared_first_and_then_kept() {
    let site = Site::new();
    let (mut one, mut two) = (site.incremental(), site.incremental());
    site.grow(2 * BLOCK);
    site.catch_up(&mut one);
    site.grow(3 * BLOCK);
    site.catch_up(&mut two);
    assert!(one.trusted.is_some() && two.trusted.is_none());
    let mut three = site.incremental();
    site.prepare(&mut three);
    assert!(three.is_ready(&site.metadata()));
    assert!(three.deflated.is_none(), "nothing was compressed again");
}

#[test]
fn a_file_that_another_process_completed_is_ready_after_a_preparation() {
    let site = Site::new();
    site.grow(BLOCK);
    for mut incremental in [site.incremental(), site.incremental()] {
        assert!(!incremental.is_ready(&site.metadata()));
        site.prepare(&mut incremental);
        assert!(incremental.is_ready(&site.metadata()));
        let modified = fs::metadata(site.private()).unwrap().modified().unwrap();
        assert_eq!(modified, site.metadata().modified().unwrap());
    }
}

#[test]
fn a_log_that_was_emptied_and_grew_again_is_compressed_anew() {
    for mine in [true, false] {
        let site = Site::new();
        let mut one = site.incremental();
        site.grow(3 * BLOCK);
        site.catch_up(&mut one);
        for other in [b"short\n".to_vec(), vec![b'x'; 1_048_577], vec![b'y'; 300_000]] {
            site.write(&other);
            let mut two = site.incremental();
            let incremental = if mine { &mut one } else { &mut two };
            assert_eq!(site.finish(incremental), other);
            site.grow(3 * BLOCK);
            site.catch_up(incremental);
        }
    }
}

#[test]
fn a_log_that_was_emptied_is_compressed_without_preparation_too() {
    let site = Site::new();
    let mut incremental = site.incremental();
    site.grow(4 * BLOCK);
    site.catch_up(&mut incremental);
    site.write(b"one line\n");
    assert_eq!(site.finish_unprepared(&mut incremental), b"one line\n");
}

#[test]
fn equal_lines_over_what_was_emptied_are_told_apart_by_the_one_that_differs() {
    for mine in [true, false] {
        let site = Site::new();
        let mut one = site.incremental();
        site.grow(5 * BLOCK);
        site.catch_up(&mut one);
        // A change in the middle; beginning and end stay.
        let mut other = ticks(6 * BLOCK);
        other[700_000] ^= 1;
        site.write(&other);
        let mut two = site.incremental();
        assert_eq!(site.finish(if mine { &mut one } else { &mut two }), other);
    }
}

#[test]
fn what_another_process_compressed_of_other_lines_is_found_without_preparation_too() {
    let site = Site::new();
    site.grow(5 * BLOCK);
    site.catch_up(&mut site.incremental());
    let mut other = ticks(6 * BLOCK);
    other[700_000] ^= 1;
    site.write(&other);
    assert_eq!(site.finish_unprepared(&mut site.incremental()), other);
}

#[test]
fn a_log_with_another_beginning_or_end_than_was_prepared_is_noticed_at_once() {
    for at in [0, 2 * BLOCK - 1] {
        let site = Site::new();
        let mut incremental = site.incremental();
        let mut bytes = site.grow(2 * BLOCK);
        site.prepare(&mut incremental);
        bytes[usize::try_from(at).unwrap()] ^= 1;
        site.write(&bytes);
        assert!(!incremental.is_ready(&site.metadata()), "{at}");
        assert_eq!(site.finish_unprepared(&mut incremental), bytes);
    }
}

#[test]
fn a_file_whose_index_is_not_whole_is_thrown_away() {
    let site = Site::new();
    let bytes = site.grow(3 * BLOCK);
    let mut incremental = site.incremental();
    site.catch_up(&mut incremental);
    let whole = fs::read(site.private()).unwrap();
    let mut damaged = [1, 9, 36, 37, 1000].map(|cut| whole[..whole.len() - cut].to_vec()).to_vec();
    damaged.extend([whole.len() - 1, whole.len() - 30, whole.len() / 2, 3].map(|at| {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        changed
    }));
    // The format of an older version, and anything else.
    damaged.push([&[0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 16, 0, b'C', b'T'], &whole[..]].concat());
    damaged.last_mut().unwrap().truncate(500);
    damaged.push(b"something else, and long enough to hold an index".to_vec());
    for content in damaged {
        fs::write(site.private(), content).unwrap();
        assert_eq!(site.finish(&mut site.incremental()), bytes);
    }
}

#[test]
fn a_complete_file_over_whose_end_another_process_died_is_completed_again() {
    let site = Site::new();
    let bytes = site.grow(BLOCK);
    let mut incremental = site.incremental();
    site.prepare(&mut incremental);
    let whole = fs::read(site.private()).unwrap();
    let end = whole.len() - 10;
    for content in [
        &whole[..end],
        &whole[..end + 3],
        &[&whole[..end], &[0; 10]].concat(),
        &[&whole[..], b"block"].concat(),
    ] {
        fs::write(site.private(), content).unwrap();
        assert_eq!(site.finish_unprepared(&mut incremental), bytes);
    }
}

#[test]
fn what_was_compressed_is_kept_if_the_rotation_fails() {
    let site = Site::new();
    site.grow(3 * BLOCK);
    let mut incremental = site.incremental();
    site.prepare(&mut incremental);
    let before = fs::read(site.private()).unwrap();
    incremental.finish(&site.metadata()).unwrap().unwrap().put_back();
    assert_eq!(fs::read(site.private()).unwrap(), before);
    assert!(PrivateFile::is_growing(&site.private(), site.metadata().len()));
    let bytes = site.grow(4 * BLOCK);
    site.catch_up(&mut incremental);
    assert_eq!(site.finish(&mut incremental), bytes);
}

#[test]
#[cfg(unix)]
fn a_private_file_that_is_wider_than_the_log_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    let bytes = site.grow(2 * BLOCK);
    let mut incremental = site.incremental();
    site.catch_up(&mut incremental);
    let mode = |mode| fs::Permissions::from_mode(mode);
    fs::set_permissions(&site.log, mode(0o600)).unwrap();
    fs::set_permissions(site.private(), mode(0o644)).unwrap();
    assert_eq!(site.finish(&mut incremental), bytes);
    assert_eq!(fs::metadata(site.private()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_with_a_second_name_is_left_alone() {
    let site = Site::new();
    let bytes = site.grow(2 * BLOCK);
    let precious = site.dir.path().join("precious");
    fs::write(&precious, b"not ours\n").unwrap();
    fs::hard_link(&precious, site.private()).unwrap();
    let mut incremental = site.incremental();
    let (identity, length) = (file_id(&site.metadata()), site.metadata().len());
    incremental.catch_up(identity, length, 1).unwrap_err();
    incremental.prepare(identity, length, || ()).unwrap_err();
    incremental.finish(&site.metadata()).unwrap_err();
    let names = Names::new(&site.log).unwrap();
    // Then it is compressed under another name.
    let whole = Compressed::whole(&names, &site.log, &site.metadata(), 6, false).unwrap();
    whole.place(&site.log).unwrap();
    assert_eq!(inflated(&site.dir.path().join("app.log.gz")), bytes);
    assert!(Compressed::of_dead_maker(site.private()).unwrap().is_none());
    assert_eq!(fs::read(&precious).unwrap(), b"not ours\n");
    assert!(site.private().exists());
}

#[test]
fn nothing_is_left_of_a_log_that_was_rotated_meanwhile() {
    let site = Site::new();
    site.grow(2 * BLOCK);
    let old = site.metadata();
    fs::rename(&site.log, site.dir.path().join("app.log.1")).unwrap();
    let names = Names::new(&site.log).unwrap();
    assert!(PrivateFile::claim(&names, &old).unwrap().is_none());
    assert_eq!(site.dir.path().read_dir().unwrap().count(), 1);
}

#[test]
fn what_another_process_compresses_counts() {
    let site = Site::new();
    let (mut one, mut two) = (site.incremental(), site.incremental());
    site.grow(2 * BLOCK);
    let (identity, length) = (site.identity(), site.metadata().len());
    let claim = || PrivateFile::claim(&Names::new(&site.log).unwrap(), &site.metadata()).unwrap();
    one.catch_up(identity, length, 1).unwrap();
    let held = claim();
    assert!(two.catch_up(identity, length, 1).unwrap());
    assert_eq!(two.covered, BLOCK);
    assert!(!two.catch_up(identity, length, 1).unwrap(), "nothing was added since");
    drop(held);
    one.catch_up(identity, length, 1).unwrap();
    let _held = claim();
    assert!(two.catch_up(identity, length, 1).unwrap());
    assert_eq!(two.covered, length);
}

#[test]
fn a_private_file_that_another_process_has_claimed_is_left_alone() {
    let site = Site::new();
    site.grow(2 * BLOCK);
    let held = PrivateFile::claim(&Names::new(&site.log).unwrap(), &site.metadata()).unwrap();
    let mut two = site.incremental();
    site.catch_up(&mut two);
    assert_eq!(two.covered, 0);
    site.prepare(&mut two);
    assert!(!two.is_ready(&site.metadata()));
    assert!(two.finish(&site.metadata()).unwrap().is_none());
    drop(held);
    assert!(two.finish(&site.metadata()).unwrap().is_some());
}
