//! Who compresses how much of a log, and when another process is in the way.

use super::*;
use crate::compress::block::SMALL;
use crate::compress::private_file::PrivateFile;
use crate::file::file_id;
use crate::names::Names;

/// The length of a block at the beginning of a log.
const BLOCK: u64 = 512 * 1024;

/// A log in its own directory, and the work for it.
struct Site {
    names: Names,
    background: Background,
    dir: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let names = Names::new(&dir.path().join("app.log")).unwrap();
        let incremental = Incremental::new(&names, 1, u64::MAX, false);
        Self { background: Background::new(Some(incremental), u64::MAX), names, dir }
    }

    /// Lets the log have `size` bytes, of which the last `own` are ours.
    fn grow(&self, size: u64, own: u64) -> u64 {
        let log = File::options().append(true).create(true).open(self.names.log()).unwrap();
        log.set_len(size).unwrap();
        let identity = file_id(&sys::about(&log).unwrap());
        self.background.has_grown(identity, size, own);
        identity
    }

    fn covered(&self, identity: u64) -> u64 {
        self.background.incremental().unwrap().covered(identity)
    }
}

#[test]
fn a_process_compresses_as_much_as_it_adds_and_not_what_others_add() {
    let site = Site::new();
    let background = &site.background;
    let identity = site.grow(4 * BLOCK, 0);
    background.pay();
    assert_eq!((site.covered(identity), background.credit()), (0, 2 * BLOCK));
    site.grow(5 * BLOCK, BLOCK - 1);
    background.pay();
    assert_eq!((site.covered(identity), background.credit()), (0, BLOCK + 1), "no whole block");
    site.grow(7 * BLOCK, 1);
    background.pay();
    assert_eq!((site.covered(identity), background.credit()), (BLOCK, 2 * BLOCK));
    site.grow(10 * BLOCK, 2 * BLOCK + 5);
    background.pay();
    assert_eq!((site.covered(identity), background.credit()), (4 * BLOCK, 2 * BLOCK));
}

#[test]
fn a_producer_waits_for_what_it_owes_itself() {
    let site = Site::new();
    let background = &site.background;
    site.grow(9 * BLOCK, MOST_OWED - 1);
    assert!(!background.is_behind(1) && background.is_behind(2));
    // A preparation for other processes' content delays it only by what it has appended.
    background.work().preparing = true;
    assert!(!background.is_behind(2));
    site.grow(9 * BLOCK + 2, 2);
    assert!(background.is_behind(0));
    let alone = Site::new();
    alone.grow(MOST_OWED, MOST_OWED);
    alone.background.work().preparing = true;
    assert!(!alone.background.is_behind(0) && alone.background.is_behind(1));
    let plain = Background::new(None, u64::MAX);
    plain.has_grown(1, u64::MAX, u64::MAX);
    assert!(!plain.is_behind(u64::MAX) && plain.credit() == u64::MAX);
}

#[test]
fn a_short_run_that_crosses_the_end_of_a_block_does_a_share() {
    let site = Site::new();
    let background = &site.background;
    let identity = site.grow(BLOCK - 1, 5);
    assert!(!background.has_share());
    site.grow(3 * BLOCK - 1, 5);
    assert!(!background.has_share(), "another process crossed it");
    site.grow(3 * BLOCK + 4, 5);
    assert!(background.has_share() && background.is_due());
    background.do_share();
    assert_eq!(site.covered(identity), BLOCK, "that is more than the share");
    assert!(!background.has_share());
    site.grow(6 * BLOCK, 2 * BLOCK);
    background.do_share();
    assert_eq!(site.covered(identity), 4 * BLOCK, "what it has added, and a share");
}

#[test]
fn another_log_or_an_emptied_one_owes_nothing() {
    let site = Site::new();
    let background = &site.background;
    let identity = site.grow(2 * BLOCK, 2 * BLOCK);
    assert_eq!(background.credit(), 0);
    background.has_grown(identity ^ 1, 2 * BLOCK, 7);
    assert_eq!(background.credit(), 2 * BLOCK - 7);
    background.has_grown(identity ^ 1, 2 * BLOCK, 7);
    assert_eq!(background.credit(), 2 * BLOCK - 14);
    background.has_grown(identity ^ 1, 9, 3);
    assert_eq!(background.credit(), 2 * BLOCK - 3);
    background.has_grown(identity ^ 1, 9, 30);
    assert_eq!(background.credit(), 2 * BLOCK - 9, "no more than there is");
}

#[test]
fn nothing_waits_for_a_process_that_has_claimed_the_private_file_and_stopped() {
    let site = Site::new();
    let background = &site.background;
    site.grow(4 * BLOCK, 3 * BLOCK);
    let log = sys::look_at(site.names.log()).unwrap();
    let claimed = PrivateFile::claim(&site.names, &log).unwrap();
    background.do_share();
    assert!(!background.has_share(), "the other process does it");
    assert!(background.is_behind(0) && background.work().busy.is_some());
    let long_ago = Instant::now().checked_sub(STOPPED);
    background.work().busy = long_ago;
    background.do_some().unwrap();
    assert!(!background.is_behind(0) && !background.is_due());
    assert_eq!(background.credit(), 2 * SMALL, "the rotation compresses it");
    drop(claimed);
    // A new log is compressed again.
    site.background.has_grown(1, 3 * BLOCK, 3 * BLOCK);
    assert!(background.is_due() && background.work().busy.is_none());
}

#[test]
fn files_to_sync_are_synced_and_small_removed_ones_freed_first() {
    let site = Site::new();
    let background = &site.background;
    assert!(!background.is_due());
    let file = |name: &str, length| {
        let path = site.dir.path().join(name);
        let file = File::create_new(&path).unwrap();
        file.set_len(length).unwrap();
        (file, path)
    };
    background.close_later([file("small", LARGE - 1).0, file("large", LARGE).0]);
    assert!(background.is_due());
    background.close_small();
    assert_eq!(background.work().close.len(), 1);
    background.free();
    assert!(!background.is_due());
    for number in 0..=UNSYNCED {
        assert!(!background.is_behind(0));
        let (file, path) = file(&number.to_string(), 1);
        background.sync_later(file, path);
    }
    assert!(background.is_behind(0) && background.is_due());
    background.settle().unwrap();
    assert!(!background.is_due());
}
