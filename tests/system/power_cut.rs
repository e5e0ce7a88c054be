//! A power cut costs no line that was synced, and leaves no damaged backup.
//!
//! The log is on an ext4 file system in an image file; its journal is committed only on request.
//! strace stops a writer right after a call that changes something, and the test copies the image:
//! this is what a power cut at that moment would leave. It mounts the copy and a new writer goes on
//! there. Then every line that was written and synced according to strace must be there, and every
//! `.gz` must decompress.
//!
//! This needs root and a loop device. A normal run cuts after a sample of the calls,
//! `CLH_TEE_TESTS=all` after every one. A disk that loses what it has confirmed is not simulated.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use crate::harness::{Place, Tee, needs_root, until};
use flate2::read::MultiGzDecoder;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A generous limit for one call.
const SOON: Duration = Duration::from_secs(20);

const CALLS: [&str; 9] = [
    "write",
    "pwrite64",
    "openat",
    "rename",
    "unlink",
    "fdatasync",
    "fsync",
    "ftruncate",
    "fchmod",
];

const LINES: usize = 12;

/// Returns line `number`; two of them fill the log.
fn line(number: usize) -> String {
    format!("line {number:03} {}\n", "x".repeat(40))
}

/// Runs a command; returns whether it succeeded.
fn succeeds(command: &str, args: &[&str]) -> bool {
    let run = Command::new(command).args(args).output();
    run.is_ok_and(|output| output.status.success())
}

/// A mounted image, unmounted when this is dropped.
struct Mounted {
    dir: PathBuf,
}

impl Mounted {
    /// Mounts `image` at `dir`.
    fn new(image: &Path, dir: &Path) -> Self {
        fs::create_dir_all(dir).expect("make a directory");
        let (image, dir_text) = (image.display().to_string(), dir.display().to_string());
        let options = "loop,commit=300,noatime";
        let mounted = succeeds("mount", &["-o", options, &image, &dir_text]);
        assert!(mounted, "this test needs a loop device with ext4");
        Self { dir: dir.to_owned() }
    }

    /// Returns the names and contents of all backups, oldest first, and of the log.
    fn chain(&self) -> Vec<(String, Vec<u8>)> {
        let slot = |name: &str| -> Option<u64> {
            let rest = name.strip_prefix("app.log")?;
            let rest = rest.strip_suffix(".gz").unwrap_or(rest);
            if rest.is_empty() { Some(0) } else { rest.strip_prefix('.')?.parse().ok() }
        };
        let names = fs::read_dir(&self.dir).expect("list").map(|entry| entry.expect("an entry"));
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut files: Vec<(u64, String)> = names.filter_map(|n| Some((slot(&n)?, n))).collect();
        files.sort_by_key(|(slot, _)| std::cmp::Reverse(*slot));
        files.into_iter().map(|(_, name)| (name.clone(), self.read(&name))).collect()
    }

    /// Returns the content of a file; a `.gz` must decompress to its end.
    fn read(&self, name: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut file = File::open(self.dir.join(name)).expect("open");
        if Path::new(name).extension().is_some_and(|ending| ending == "gz") {
            let read = MultiGzDecoder::new(file).read_to_end(&mut bytes);
            read.unwrap_or_else(|error| panic!("'{name}' is broken: {error}"));
        } else {
            file.read_to_end(&mut bytes).expect("read");
        }
        bytes
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let dir = self.dir.display().to_string();
        let gone = succeeds("umount", &[&dir]) || succeeds("umount", &["-l", &dir]);
        assert!(gone || thread::panicking(), "cannot unmount {dir}");
    }
}

/// Makes an image with an empty file system.
fn make_image(image: &Path) {
    File::create(image).and_then(|file| file.set_len(8 << 20)).expect("make the image");
    let made = succeeds("mkfs.ext4", &["-q", "-F", "-b", "4096", &image.display().to_string()]);
    assert!(made, "this test needs mkfs.ext4, of Debian's package e2fsprogs");
}

/// A session of the program under strace.
struct Session {
    strace: Child,
    /// The file that strace writes.
    record: PathBuf,
}

impl Session {
    /// Starts a writer on the log in `dir`. strace stops it after the call that `inject` names.
    fn start(place: &Place, dir: &Path, args: &str, inject: Option<(&str, usize)>) -> Self {
        let record = place.path("record");
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-s", "200", "-e"]);
        command.arg(format!("trace={}", CALLS.join(","))).arg("-o").arg(&record);
        if let Some((call, number)) = inject {
            command.args(["-e", &format!("inject={call}:signal=STOP:when={number}")]);
        }
        command.arg(env!("CARGO_BIN_EXE_clh-tee")).args(args.split(' ')).arg(dir.join("app.log"));
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        Self { strace: command.spawn().expect("run strace; is it installed?"), record }
    }

    /// Returns the traced process, if it exists yet.
    fn traced(&self) -> Option<Pid> {
        let children = format!("/proc/{0}/task/{0}/children", self.strace.id());
        let children = fs::read_to_string(children).ok()?;
        children.split_whitespace().next()?.parse().ok().map(Pid::from_raw)
    }

    /// Returns whether a thread of the traced process is stopped.
    fn is_stopped(&self) -> bool {
        self.record().contains("--- stopped by SIGSTOP ---")
    }

    fn record(&self) -> String {
        fs::read_to_string(&self.record).unwrap_or_default()
    }

    /// Feeds the lines, each after the one before has been synced or at least written, until the
    /// writer is stopped or has all lines.
    fn feed(&mut self, synced: bool) {
        let mut input = self.strace.stdin.take().expect("stdin is a pipe");
        for number in 0..LINES {
            let line = line(number);
            input.write_all(line.as_bytes()).expect("feed the program");
            let text = line.trim_end();
            until(SOON, "the line is in, or the writer stopped", || {
                let record = self.record();
                let written = record.find(text).is_some_and(|at| record[at..].contains("= "));
                let done = !synced || durable(&record).contains(&number);
                self.is_stopped() || (written && done)
            });
            if self.is_stopped() {
                return;
            }
        }
    }

    /// Ends the session, unless it has ended.
    fn end(mut self) -> String {
        if let Some(pid) = self.traced() {
            kill(pid, Signal::SIGKILL).expect("kill the writer");
        }
        self.strace.wait().expect("wait for strace");
        self.record()
    }
}

/// Returns the lines that, according to the record, were written and whose file was synced after
/// that.
fn durable(record: &str) -> BTreeSet<usize> {
    // Lines written through each descriptor and not synced yet.
    let mut written: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut durable = BTreeSet::new();
    for call in record.lines().filter_map(|line| line.split_once(' ')).map(|(_, call)| call.trim())
    {
        let Some((name, rest)) = call.split_once('(') else { continue };
        let fd = rest.split([',', ')']).next().unwrap_or_default();
        match name {
            "write" if rest.contains("= ") => {
                for part in rest.split("line ").skip(1) {
                    written.entry(fd).or_default().extend(part[..3].parse::<usize>());
                }
            }
            "fdatasync" | "fsync" if rest.ends_with("= 0") => {
                durable.extend(written.remove(fd).unwrap_or_default());
            }
            _ => {}
        }
    }
    durable
}

/// Cuts the power after the call that `inject` names; checks what is left.
fn cut(args: &str, inject: (&str, usize)) {
    let place = Place::fresh();
    let (image, copy) = (place.path("disk"), place.path("copy"));
    make_image(&image);
    let disk = Mounted::new(&image, &place.path("mounted"));
    let mut session = Session::start(&place, &disk.dir, args, Some(inject));
    session.feed(args.contains("batch"));
    // The state of the disk at this moment.
    let record = session.record();
    fs::copy(&image, &copy).expect("copy the image");
    session.end();
    drop(disk);

    let after = Mounted::new(&copy, &place.path("after"));
    let log = after.dir.join("app.log");
    let next = Tee::new(&place).args(args).arg(&log).run(b"line 999 fresh\n");
    next.expect(0);
    let chain: Vec<(String, Vec<u8>)> = after.chain();
    let all: Vec<u8> = chain.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    let text = String::from_utf8_lossy(&all);
    let times = |number: usize| text.matches(line(number).trim_end()).count();
    for number in 0..LINES {
        assert!(times(number) <= 1, "after {inject:?}: line {number} is doubled\n{text}");
    }
    for number in durable(&record) {
        assert_eq!(times(number), 1, "after {inject:?}: line {number} is lost\n{record}\n{text}");
    }
    let stray = |name: &str| name.starts_with(".__app.log") || name.contains("rotate");
    for entry in fs::read_dir(&after.dir).expect("list") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        assert!(!stray(&name), "after {inject:?}: '{name}' is left over");
    }
}

/// Cuts the power after calls of a session with these settings.
fn cuts(args: &str, every: usize) {
    let args = format!("-q --max-bytes 100 --backups 20 {args}");
    let all = env::var_os("CLH_TEE_TESTS").is_some_and(|value| value == "all");
    needs_root();
    // The calls of an uninterrupted session.
    let place = Place::fresh();
    let mut session = Session::start(&place, place.dir(), &args, None);
    session.feed(args.contains("batch"));
    until(SOON, "the session ends", || session.strace.try_wait().expect("ask").is_some());
    let record = session.end();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut points = Vec::new();
    for call in record.lines().filter_map(|line| line.split_once(' ')).map(|(_, call)| call.trim())
    {
        if let Some(name) = call.split('(').next().and_then(|n| CALLS.iter().find(|c| **c == n)) {
            let number = counts.entry(name).or_default();
            *number += 1;
            let matters = *name != "openat" || call.contains("O_CREAT");
            points.extend(matters.then_some((*name, *number)));
        }
    }
    let points: Vec<_> = points.into_iter().step_by(if all { 1 } else { every }).collect();
    for point in &points {
        cut(&args, *point);
    }
    println!("{}: {} power cuts, nothing lost, every backup whole", args, points.len());
}

#[test]
#[ignore = "needs root, loop devices and strace"]
fn of_plain_logs_with_every_batch_synced() {
    cuts("--sync batch", 9);
}

#[test]
#[ignore = "needs root, loop devices and strace"]
fn of_compressed_logs_with_every_batch_synced() {
    cuts("--gzip --sync batch", 11);
}

#[test]
#[ignore = "needs root, loop devices and strace"]
fn of_compressed_logs_as_they_are_by_default() {
    cuts("--gzip", 11);
}
