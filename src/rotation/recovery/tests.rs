//! Leftovers whose names only this crate can compute, and backups of equal age.

use super::*;
use crate::compress::incremental::Incremental;
use crate::file::file_id;
use crate::lock::Lock;
use crate::names::Names;
use crate::rotation::options::Options;
use crate::sys;
use crate::time::schedule::{Schedule, When};
use flate2::{Compression, write::GzEncoder};
use std::fs::{self, DirEntry, File};
use std::io::{self, Read, Write};
use std::time::{Duration, UNIX_EPOCH};

struct Site {
    dir: tempfile::TempDir,
    backups: Backups,
}

impl Site {
    fn new(options: Options) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let names = Names::new(&dir.path().join("app.log")).unwrap();
        Self { dir, backups: Backups::new(names, options) }
    }

    /// Creates a file; `modified` is in seconds since 1970.
    fn put(&self, name: &str, content: &[u8], modified: u64) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, content).unwrap();
        let time = UNIX_EPOCH + Duration::from_secs(modified);
        File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        path
    }

    fn put_private(&self, path: &Path, content: &[u8]) {
        let identity = file_id(&sys::look_at(path).unwrap());
        let private = self.backups.names.private(identity);
        let file = File::create_new(&private).unwrap();
        let mut encoder = GzEncoder::new(file, Compression::default());
        encoder.write_all(content).unwrap();
        let modified = fs::metadata(path).unwrap().modified().unwrap();
        encoder.finish().unwrap().set_modified(modified).unwrap();
    }

    /// Repairs the leftovers; returns the names in the directory afterwards.
    fn mend(&mut self) -> Vec<String> {
        let found = Leftovers::find(&self.backups, self.backups.list().unwrap(), None);
        let mut lock = Lock::not_needed();
        let notices = mend(&found, &mut lock.acquire().unwrap(), &mut self.backups);
        assert!(!notices.iter().any(|notice| matches!(notice, Notice::CannotMend(_))));
        let name = |entry: io::Result<DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<_> = fs::read_dir(self.dir.path()).unwrap().map(name).collect();
        names.sort();
        names
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.dir.path().join(name)).unwrap()
    }
}

#[test]
fn a_private_file_with_a_backup_s_content_takes_its_place() {
    for (names, content, mended) in [
        (&["app.log.1"][..], &b"line\n"[..], &["app.log.1.gz"][..]),
        (&["app.log.1.gz", "app.log.2"], b"line\n", &["app.log.1.gz", "app.log.2.gz"]),
        (&["app.log.1"], b"other\n", &["app.log.1"]),
        (&["app.log.1"], b"lin", &["app.log.1"]),
        (&["app.log.1"], b"", &["app.log.1"]),
    ] {
        let mut site = Site::new(Options::default());
        let paths: Vec<_> = names.iter().map(|name| site.put(name, b"line\n", 1)).collect();
        site.put_private(&paths[paths.len() - 1], content);
        assert_eq!(site.mend(), mended);
        if mended == names {
            assert_eq!(site.read(names[0]), b"line\n");
        }
    }
}

#[test]
#[cfg(unix)]
fn one_that_others_may_read_more_widely_goes() {
    use std::os::unix::fs::PermissionsExt;
    let mut site = Site::new(Options::default());
    let plain = site.put("app.log.1", b"line\n", 1);
    site.put_private(&plain, b"line\n");
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(site.mend(), ["app.log.1"]);
}

#[test]
fn an_orphan_goes_right_behind_what_is_newer() {
    for (ages, slots) in [
        // An orphan as old as a backup was still being written when the backup was made.
        ([5, 4], ["orphan", "one", "two"]),
        ([6, 3], ["one", "orphan", "two"]),
    ] {
        let mut site = Site::new(Options::default());
        site.put("app.log.1", b"one", ages[0]);
        site.put("app.log.2", b"two", ages[1]);
        site.put("app.log.rotate.12345678", b"orphan", 5);
        let names = ["app.log.1", "app.log.2", "app.log.3"];
        assert_eq!(site.mend(), names);
        assert_eq!(names.map(|name| site.read(name)), slots.map(str::as_bytes));
    }
}

#[test]
fn an_orphan_beside_a_directory_is_adopted() {
    for (orphan, other) in [("", ".gz"), (".gz", "")] {
        let mut site = Site::new(Options::default());
        let temp = |ending| format!("app.log.rotate.12345678{ending}");
        fs::create_dir(site.dir.path().join(temp(other))).unwrap();
        site.put(&temp(orphan), b"content", 5);
        assert_eq!(site.mend(), [format!("app.log.1{orphan}"), temp(other)]);
    }
}

#[test]
fn what_was_compressed_of_the_present_log_is_no_leftover() {
    let site = Site::new(Options::default());
    let names = &site.backups.names;
    let log = site.put("app.log", &b"line\n".repeat(10_000), 1);
    let about = sys::look_at(&log).unwrap();
    let (identity, length) = (file_id(&about), about.len());
    let private = names.private(identity);
    Incremental::new(names, 6, 100_000, false).prepare(identity, length, || ()).unwrap();
    let found = |log| Leftovers::find(&site.backups, site.backups.list().unwrap(), log).privates;
    assert_eq!(found(Some((identity, length))), [0; 0]);
    assert_eq!(found(Some((identity, length + 1))), [0; 0]);
    assert_eq!(found(Some((identity, length - 1))), [identity], "the log has been emptied");
    assert_eq!(found(Some((8, length))), [identity], "it is another log's");
    assert_eq!(found(None), [identity]);
    // The private file of the process that died.
    let whole = fs::read(&private).unwrap();
    for content in [&b""[..], &whole[..9], &whole[..whole.len() - 11]] {
        fs::write(&private, content).unwrap();
        assert_eq!(found(Some((identity, length))), [identity], "{}", content.len());
    }
}

#[test]
fn what_was_compressed_ahead_takes_the_place_of_a_backup_only_if_it_has_all_of_it() {
    for (covered, mended) in [(50_000, "app.log.1.gz"), (40_000, "app.log.1")] {
        let mut site = Site::new(Options::default());
        let names = site.backups.names.clone();
        let log = site.put("app.log", &b"line\n".repeat(covered / 5), 1);
        let about = sys::look_at(&log).unwrap();
        Incremental::new(&names, 6, 100_000, false)
            .prepare(file_id(&about), about.len(), || ())
            .unwrap();
        site.put("app.log", &b"line\n".repeat(10_000), 1);
        fs::rename(&log, site.dir.path().join("app.log.1")).unwrap();
        assert_eq!(site.mend(), [mended]);
    }
}

fn daily() -> Options {
    Options::default().schedule(Some(Schedule::new(When::Day)))
}

#[test]
fn by_the_clock_a_half_compressed_form_is_replaced_and_two_generations_stay() {
    let lines: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
    let plain = "app.log.2026-10-01";
    let both = vec![plain.to_owned(), format!("{plain}.gz")];
    for (content, cut, mended) in [
        (&lines[..], 0, &both[1..]),
        (&lines, 8, &both[1..]),
        (&lines, 30_000, &both[1..]),
        (&lines[4..], 0, &both),
    ] {
        let mut site = Site::new(daily());
        let path = site.put(plain, &lines, 1);
        site.put_private(&path, content);
        let private = site.backups.names.private(file_id(&sys::look_at(&path).unwrap()));
        let compressed = names::compressed(&path);
        fs::rename(private, &compressed).unwrap();
        let length = fs::metadata(&compressed).unwrap().len();
        File::options().write(true).open(&compressed).unwrap().set_len(length - cut).unwrap();
        assert_eq!(site.mend(), mended, "{cut}");
        let mut restored = Vec::new();
        let mut decoder = compress::inflated(File::open(&compressed).unwrap());
        decoder.read_to_end(&mut restored).unwrap();
        assert!(restored == content, "{cut}");
        let again = Leftovers::find(&site.backups, site.backups.list().unwrap(), None);
        assert!(again.is_empty(), "two generations are compared once");
    }
}

#[test]
fn by_the_clock_there_is_no_chain_for_an_orphan() {
    let mut site = Site::new(daily());
    site.put("app.log.rotate.12345678", b"content", 5);
    assert_eq!(site.mend(), ["app.log.rotate.12345678"]);
}
