//! A small disk that fills up.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::{
    LINES, SOON, chain, expect_given_up, expect_said, expect_sizes, numbers, produce, short,
    until_said,
};
use crate::harness::generations::is_gz;
use crate::harness::small_disk::SmallDisk;
use crate::harness::{Place, Running, Tee, needs_root, until};

struct Site {
    /// The disk, unmounted before its directory is removed.
    disk: SmallDisk,
    place: Place,
}

impl Site {
    /// Makes one with these mount options.
    #[track_caller]
    fn new(options: &str) -> Self {
        needs_root();
        let place = Place::fresh();
        let disk = SmallDisk::mount(&place.path("small"), options).expect("mount a small disk");
        Self { disk, place }
    }

    /// Returns the log's directory, which is the disk.
    fn dir(&self) -> PathBuf {
        self.place.path("small")
    }

    fn start(&self, args: &str) -> Running {
        Tee::new(&self.place).args("-q").args(args).args("small/app.log").start()
    }

    /// Returns the names on the disk, without private files, which come and go.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir()).expect("list a directory");
        let name = |entry: std::io::Result<fs::DirEntry>| {
            entry.expect("list a directory").file_name().to_string_lossy().into_owned()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.retain(|name| !(name.starts_with(".__") && is_gz(name)));
        names.sort();
        names
    }
}

impl Site {
    /// Waits until the chain has not changed for longer than the longest backoff. Compression frees
    /// room for a while.
    fn until_nothing_changes(&self) {
        let (mut names, mut since) = (self.names(), Instant::now());
        until(SOON, "the chain no longer changes", || {
            if self.names() != names {
                (names, since) = (self.names(), Instant::now());
            }
            since.elapsed() > Duration::from_millis(1200)
        });
    }
}

/// The beginning of the warning.
const BEGINS: &str = "cannot append to 'small/app.log': No space left on device";
const ENDS: &str = "appending to 'small/app.log' works again; no lines lost";

/// Fills the disk, watches for a while, makes room; asserts that every line is in the log.
fn filled_then_freed(args: &str, limit: usize) {
    let site = Site::new("size=256k");
    let mut tee = site.start(&format!("--buffer 64K {args}"));
    let producer = produce(tee.take_input(), "line", 0, LINES);
    until_said(&tee, BEGINS);
    site.until_nothing_changes();

    site.disk.remount("size=8m");
    let input = producer.join().expect("a producer").expect("all was taken");
    drop(input);
    let ended = tee.finish();
    ended.expect(0);
    let chain = chain(&site.dir());
    assert_eq!(numbers(&chain.concat(), "line"), (0..LINES).collect::<Vec<_>>());
    if limit > 0 {
        expect_sizes(&chain, limit);
    }
    let stderr = ended.stderr();
    let begins = stderr.matches(BEGINS).count();
    expect_said(&stderr, ENDS, begins);
    // A compressed backup frees room, so the trouble may end and begin again.
    let most = if args.contains("--gzip") { 4 } else { 1 };
    assert!((1..=most).contains(&begins), "{}", short(&stderr));
}

#[test]
#[ignore = "needs root"]
fn filled_then_freed_without_rotation() {
    filled_then_freed("", 0);
}

#[test]
#[ignore = "needs root"]
fn filled_then_freed_plain() {
    filled_then_freed("--max-bytes 64K --backups 50", 65536);
}

#[test]
#[ignore = "needs root"]
fn filled_then_freed_with_a_limit_that_no_disk_ends_at() {
    filled_then_freed("--max-bytes 5000 --backups 500", 5000);
}

#[test]
#[ignore = "needs root"]
fn filled_then_freed_compressing() {
    filled_then_freed("--max-bytes 50K --backups 50 --gzip", 51200);
}

#[test]
#[ignore = "needs root"]
fn filled_then_freed_forced_to_disk() {
    filled_then_freed("--max-bytes 64K --backups 50 --sync batch", 65536);
}

/// An administrator makes room: he removes another file.
#[test]
#[ignore = "needs root"]
fn filled_then_a_ballast_removed() {
    let site = Site::new("size=256k");
    fs::write(site.dir().join("ballast"), vec![b'x'; 128 * 1024]).expect("write a ballast");
    let mut tee = site.start("--max-bytes 32K --backups 50");
    let lines = 230 * 1024 / super::LINE;
    let producer = produce(tee.take_input(), "line", 0, lines);
    until_said(&tee, BEGINS);
    fs::remove_file(site.dir().join("ballast")).expect("remove the ballast");
    drop(producer.join().expect("a producer"));
    let ended = tee.finish();
    ended.expect(0);
    let chain = chain(&site.dir());
    assert_eq!(numbers(&chain.concat(), "line"), (0..lines).collect::<Vec<_>>());
    expect_sizes(&chain, 32 * 1024);
    let stderr = ended.stderr();
    expect_said(&stderr, BEGINS, 1);
    expect_said(&stderr, ENDS, 1);
}

/// A full chain makes room by itself. There is no warning, or it ends by itself, and the newest
/// lines are there.
#[test]
#[ignore = "needs root"]
fn a_full_chain_makes_its_own_room() {
    let site = Site::new("size=256k");
    let mut tee = site.start("--max-bytes 40K --backups 4");
    let producer = produce(tee.take_input(), "line", 0, LINES);
    drop(producer.join().expect("a producer"));
    let ended = tee.finish();
    ended.expect(0);
    let chain = chain(&site.dir());
    let is = numbers(&chain.concat(), "line");
    assert_eq!(is, (LINES - is.len()..LINES).collect::<Vec<_>>());
    assert_eq!(chain.len(), 5);
    expect_sizes(&chain, 40 * 1024);
}

/// A removed backup frees its room only when it is closed. If the disk is full while the background
/// thread is closing one, the writer waits for that and reports nothing.
#[test]
#[ignore = "needs root"]
fn room_that_is_being_freed_is_waited_for() {
    let site = Site::new("size=12m");
    // The second rotation removes 5M, which the new log soon needs.
    let shell = format!(
        "cd {} && seq 2200000 | strace -f -qq -o trace -e trace=close -e inject=close:delay_enter=50000 \
         {} -q --max-bytes 5M --backups 1 small/app.log",
        site.place.dir().display(),
        env!("CARGO_BIN_EXE_clh-tee")
    );
    let run = std::process::Command::new("sh").args(["-c", &shell]).output().expect("run sh");
    assert_eq!(String::from_utf8_lossy(&run.stderr), "");
    assert!(run.status.success());
    assert!(site.place.read("small/app.log").ends_with(b"2199999\n2200000\n"));
}

/// Fills the disk for good and ends the writer.
fn filled_for_good(args: &str) {
    let site = Site::new("size=256k");
    let mut tee = site.start(&format!("--drain-timeout 0 --buffer 128K {args}"));
    let producer = produce(tee.take_input(), "line", 0, LINES);
    until_said(&tee, BEGINS);
    let told = Instant::now();
    tee.signal(Signal::SIGTERM);
    let ended = tee.end_within(SOON);
    let took = told.elapsed();
    ended.expect(1);
    assert!(took < Duration::from_secs(4), "it took {took:?} to end");
    drop(producer.join().expect("a producer"));
    let (is_in, given_up) = expect_given_up(&chain(&site.dir()), &ended, "line");
    assert!(is_in > 1000 && given_up > 10, "{is_in} in, {given_up} given up");
    expect_said(&ended.stderr(), "retrying", 1);
    expect_said(&ended.stderr(), ENDS, 0);
}

#[test]
#[ignore = "needs root"]
fn filled_for_good_without_rotation() {
    filled_for_good("");
}

#[test]
#[ignore = "needs root"]
fn filled_for_good_plain() {
    filled_for_good("--max-bytes 30000 --backups 50");
}

#[test]
#[ignore = "needs root"]
fn filled_for_good_compressing() {
    filled_for_good("--max-bytes 30000 --backups 50 --gzip");
}

/// Lines that the program gives up are written to standard error. If nothing reads that, the
/// program still ends in time.
#[test]
#[ignore = "needs root"]
fn filled_for_good_and_nobody_reads_standard_error() {
    let site = Site::new("size=256k");
    let program = env!("CARGO_BIN_EXE_clh-tee");
    let mut child = std::process::Command::new(program)
        .args(["-q", "--drain-timeout", "0", "--buffer", "512K"])
        .arg(site.dir().join("app.log"))
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("start the program");
    let input = child.stdin.take().expect("stdin is a pipe");
    let producer = produce(input, "line", 0, LINES);
    // The disk is full when the log stops growing.
    let mut last = (0, Instant::now());
    until(SOON, "the disk is full", || {
        let length = fs::metadata(site.dir().join("app.log")).map_or(0, |m| m.len());
        if length != last.0 {
            last = (length, Instant::now());
        }
        length > 200_000 && last.1.elapsed() > Duration::from_millis(200)
    });
    let told = Instant::now();
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    nix::sys::signal::kill(pid, Signal::SIGTERM).expect("send a signal");
    until(SOON, "it ends", || child.try_wait().expect("ask for the status").is_some());
    assert!(told.elapsed() < Duration::from_secs(4), "it took {:?}", told.elapsed());
    assert_eq!(child.wait().expect("ask for the status").code(), Some(1));
    drop(producer.join().expect("a producer"));
}

/// Dropped lines are counted by markers in the log, each where its lines are missing, and in total
/// at the end.
#[test]
#[ignore = "needs root"]
fn dropped_lines_are_counted_exactly() {
    let site = Site::new("size=256k");
    let mut tee = site.start("--overflow drop --buffer 64K --max-bytes 40K --backups 100");
    let input = tee.take_input();
    // The producer was not held up.
    let input = produce(input, "line", 0, LINES).join().expect("a producer").expect("taken");
    until_said(&tee, BEGINS);
    site.disk.remount("size=8m");
    // Never "no lines lost".
    until_said(&tee, "appending to 'small/app.log' works again; ");
    until_said(&tee, "lines dropped so far (--overflow)");
    drop(produce(input, "line", LINES, LINES + 100).join().expect("a producer"));
    let ended = tee.finish();
    ended.expect(1);

    let text = chain(&site.dir()).concat();
    let is_in = numbers(&text, "line");
    let (mut dropped, mut next) = (0, 0);
    for found in String::from_utf8(text).expect("text").lines() {
        if let Some(rest) = found.strip_prefix("clh-tee: ") {
            let (count, rest) = rest.split_once(' ').expect("a count");
            let count: usize = count.parse().expect("a count");
            let noun = if count == 1 { "line" } else { "lines" };
            assert!(rest.starts_with(&format!("{noun} dropped from 2")), "{found}");
            assert!(rest.ends_with(", the buffer was full"), "{found}");
            dropped += count;
            next += count;
        } else {
            let number: usize = found.split(' ').nth(1).expect("a number").parse().expect("so");
            assert_eq!(number, next, "the lines that are missing are where the marker is");
            next += 1;
        }
    }
    assert!(dropped > 0, "the buffer was never full");
    assert_eq!(is_in.len() + dropped, LINES + 100);
    expect_said(&ended.stderr(), &format!("{dropped} lines dropped, the buffer was full"), 1);
}

/// A writer killed while the disk is full loses no line that is in the log.
#[test]
#[ignore = "needs root"]
fn killed_while_full() {
    let site = Site::new("size=256k");
    let mut tee = site.start("--max-bytes 30000 --backups 50 --gzip");
    let producer = produce(tee.take_input(), "line", 0, LINES);
    until_said(&tee, BEGINS);
    tee.kill(Signal::SIGKILL);
    drop(tee.end_within(SOON));
    drop(producer.join().expect("a producer"));
    site.disk.remount("size=8m");
    let next = Tee::new(&site.place)
        .args("-q --max-bytes 30000 --backups 50 --gzip small/app.log")
        .run(b"fresh\n");
    next.expect(0);
    let chain = chain(&site.dir()).concat();
    assert!(chain.ends_with(b"\nfresh\n"));
    let is = numbers(&chain, "line");
    assert_eq!(is, (0..is.len()).collect::<Vec<_>>());
    assert!(is.len() > 1000, "only {} lines", is.len());
}

/// Several writers wait for the same disk.
#[test]
#[ignore = "needs root"]
fn several_writers_wait() {
    let site = Site::new("size=256k");
    let names = ["one", "two", "three"];
    let mut tees: Vec<Running> =
        names.iter().map(|_| site.start("--max-bytes 30000 --backups 100")).collect();
    let producers: Vec<_> = tees
        .iter_mut()
        .zip(names)
        .map(|(tee, name)| produce(tee.take_input(), name, 0, LINES / 4))
        .collect();
    for tee in &tees {
        until_said(tee, BEGINS);
    }
    site.disk.remount("size=8m");
    for producer in producers {
        drop(producer.join().expect("a producer"));
    }
    for tee in tees {
        let ended = tee.finish();
        ended.expect(0);
        expect_said(&ended.stderr(), BEGINS, 1);
        expect_said(&ended.stderr(), ENDS, 1);
    }
    let chain = chain(&site.dir());
    for name in names {
        assert_eq!(numbers(&chain.concat(), name), (0..LINES / 4).collect::<Vec<_>>());
    }
    expect_sizes(&chain, 30000);
}

/// No inodes are left: the log can be renamed, but no new one can be created.
#[test]
#[ignore = "needs root"]
fn no_inode_left() {
    let site = Site::new("size=8m,nr_inodes=8");
    let mut tee = site.start("--max-bytes 30000 --backups 100 --buffer 64K");
    let producer = produce(tee.take_input(), "line", 0, LINES);
    until_said(&tee, "No space left on device");
    site.until_nothing_changes();
    site.disk.remount("size=8m,nr_inodes=1000");
    drop(producer.join().expect("a producer"));
    let ended = tee.finish();
    ended.expect(0);
    let chain = chain(&site.dir());
    assert_eq!(numbers(&chain.concat(), "line"), (0..LINES).collect::<Vec<_>>());
    let stderr = ended.stderr();
    for message in stderr.lines() {
        expect_said(&stderr, message, 1);
    }
    expect_said(&stderr, "retrying", 1);
    expect_said(&stderr, ENDS, 1);
    assert!(chain.len() > 5, "{}", short(&stderr));
}

/// Starts the program with its log on another disk and a copy on the small one.
fn copying(site: &Site, args: &str) -> Running {
    let tee = Tee::new(&site.place).args("-q --buffer 64K app.log --copy ^line");
    tee.args("small/app.log").args(args).start()
}

/// Feeds numbered lines in small pieces, each after the one before is in the main log.
fn feed_while_the_main_log_goes_on(site: &Site, tee: &mut Running, from: usize, to: usize) {
    for piece in (from..to).collect::<Vec<_>>().chunks(16) {
        let lines: String = piece.iter().map(|n| super::line("line", *n)).collect();
        tee.feed(lines.as_bytes());
        let last = super::line("line", piece[piece.len() - 1]);
        until(SOON, "the main log has it", || {
            site.place.read("app.log").ends_with(last.as_bytes())
        });
    }
}

#[test]
#[ignore = "needs root"]
fn a_copy_on_a_full_disk_waits_and_the_main_log_goes_on() {
    let site = Site::new("size=256k");
    let mut tee = copying(&site, "");
    // 256 KiB fill the disk; after that the queue holds 64 KiB.
    let (disk, more) = (4096, 5000);
    feed_while_the_main_log_goes_on(&site, &mut tee, 0, disk);
    feed_while_the_main_log_goes_on(&site, &mut tee, disk, more);
    until_said(&tee, BEGINS);
    site.disk.remount("size=8m");
    let ended = tee.finish();
    ended.expect(0);
    let all: Vec<usize> = (0..more).collect();
    for log in ["app.log", "small/app.log"] {
        assert_eq!(numbers(&site.place.read(log), "line"), all, "{log}");
    }
    expect_said(&ended.stderr(), BEGINS, 1);
    expect_said(&ended.stderr(), ENDS, 1);
}

#[test]
#[ignore = "needs root"]
fn a_copy_on_a_disk_that_stays_full_is_given_up_and_reported() {
    let site = Site::new("size=256k");
    let mut tee = copying(&site, "--drain-timeout 300ms");
    feed_while_the_main_log_goes_on(&site, &mut tee, 0, 5000);
    until_said(&tee, BEGINS);
    tee.signal(Signal::SIGTERM);
    let ended = tee.end_within(SOON);
    ended.expect(1);
    let all: Vec<usize> = (0..5000).collect();
    assert_eq!(numbers(&site.place.read("app.log"), "line"), all, "nothing of it is lost");
    let (is_in, given_up) = expect_given_up(&chain(&site.dir()), &ended, "line");
    assert_eq!(is_in + given_up, all.len());
    assert!(given_up > 0);
}

#[test]
#[ignore = "needs root"]
fn a_copy_on_a_full_disk_drops_lines_if_asked() {
    let site = Site::new("size=256k");
    let path = site.dir().join("app.log");
    let settings = format!("[log.'{}']\noverflow = 'drop'\n", path.display());
    site.place.write("settings.toml", settings.as_bytes());
    let mut tee = copying(&site, "--config settings.toml");
    let producer = produce(tee.take_input(), "line", 0, LINES);
    let input = producer.join().expect("a producer").expect("all was taken");
    until(SOON, "the main log has all", || site.place.read("app.log").len() == LINES * super::LINE);
    site.disk.remount("size=8m");
    drop(input);
    let ended = tee.end_within(SOON);
    ended.expect(1);
    let copied = numbers(&site.place.read("small/app.log"), "line").len();
    let dropped = format!("clh-tee: 'small/app.log': {} lines dropped", LINES - copied);
    expect_said(&ended.stderr(), &dropped, 1);
    assert!(!ended.stderr().contains("'app.log':"), "{}", short(&ended.stderr()));
}
