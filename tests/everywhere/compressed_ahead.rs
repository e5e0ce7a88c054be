//! Rotation does not stall the writers, because a log is compressed while it grows. A backup
//! contains only what the log held, whatever was compressed ahead.
//!
//! In each test a writer compresses part of a log ahead, and then something happens to the log, the
//! writer or the private file. The writer that rotates next must leave backups that decompress to
//! what the log held, and no private file except the current log's.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::harness::{Place, Tee, until};

/// A generous limit for a few megabytes.
const SOON: Duration = Duration::from_secs(60);

const LIMIT: usize = 4 << 20;

/// Returns about `bytes` bytes of lines, all different.
fn lines(name: &str, bytes: usize) -> Vec<u8> {
    let line = |number: usize| format!("{name} {number:08} and something more to make it long\n");
    (0..bytes / line(0).len()).flat_map(|number| line(number).into_bytes()).collect()
}

/// Appends `lines` with `--gzip`.
fn append(place: &Place, lines: &[u8]) {
    let tee = Tee::new(place).args("-q --gzip --max-bytes 4M --backups 50 app.log");
    tee.run(lines).expect_quiet_success();
}

fn private(place: &Place) -> Vec<PathBuf> {
    let names = place.names().into_iter();
    let ours = names.filter(|name| name.starts_with(".__app.log.") && is_gz(name));
    ours.map(|name| place.path(&name)).collect()
}

/// Returns whether `name` is that of a compressed file.
fn is_gz(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "gz")
}

/// Returns a place with a log below its limit, part of which is compressed ahead.
fn begun(lines: &[u8]) -> Place {
    assert!(lines.len() < LIMIT);
    let place = Place::fresh();
    append(&place, lines);
    assert_eq!(private(&place).len(), 1, "compressed ahead");
    place
}

/// Asserts that the chain holds exactly this, that every backup is compressed, and that no private
/// file is left except perhaps the current log's.
#[track_caller]
fn holds(place: &Place, lines: &[u8]) {
    assert!(place.chain("app.log") == lines, "the chain holds what was appended");
    assert!(place.backups("app.log").iter().all(|name| is_gz(name)), "compressed");
    assert!(private(place).len() <= 1, "nothing stale");
}

#[test]
fn the_next_writer_goes_on_with_it() {
    let all = lines("a", 3 * LIMIT);
    let (first, rest) = all.split_at(lines("a", LIMIT / 2).len());
    let place = begun(first);
    let before = private(&place);
    append(&place, rest);
    holds(&place, &all);
    assert_eq!(place.backups("app.log").len(), 2);
    assert_ne!(private(&place), before, "it has become a backup");
}

#[test]
fn what_a_killed_writer_compressed_is_used() {
    let all = lines("a", 2 * LIMIT);
    let (first, rest) = all.split_at(lines("a", LIMIT / 2).len());
    let place = Place::fresh();
    let tee = Tee::new(&place).args("-q --gzip --max-bytes 4M --backups 50 app.log");
    let mut tee = tee.start();
    tee.feed(first);
    until(SOON, "a part is compressed", || !private(&place).is_empty());
    until(SOON, "all is in", || place.read("app.log").len() == first.len());
    tee.cut_down();
    append(&place, rest);
    holds(&place, &all);
}

#[test]
#[ignore = "needs python3 with CLH"]
#[cfg(unix)]
fn a_rotation_by_python_in_between_makes_it_stale() {
    use std::process::Stdio;

    use crate::harness::Peer;

    let first = lines("a", LIMIT / 2);
    let place = begun(&first);
    let mut python = Peer::of_version("0.9.31").script("writer.py");
    python.arg(place.path("app.log")).args(["1000000", "50", "1", "p", "1"]);
    let run = python.stdin(Stdio::null()).output().expect("run Python");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let rest = lines("b", 2 * LIMIT);
    append(&place, &rest);
    holds(&place, &[first, b"p 0 \n".to_vec(), rest].concat());
}

#[test]
fn a_log_that_was_emptied_is_compressed_anew() {
    let place = begun(&lines("a", LIMIT / 2));
    File::options().write(true).truncate(true).open(place.path("app.log")).expect("empty the log");
    let rest = lines("b", 2 * LIMIT);
    append(&place, &rest);
    holds(&place, &rest);
}

#[test]
fn a_log_that_was_removed_leaves_nothing_to_its_successor() {
    // This frees the inode, and the next log is likely to get it.
    let place = begun(&lines("a", LIMIT / 2));
    fs::remove_file(place.path("app.log")).expect("remove the log");
    let rest = lines("b", 2 * LIMIT);
    append(&place, &rest);
    holds(&place, &rest);
}

#[test]
fn a_private_file_that_was_damaged_is_not_used() {
    let all = lines("a", 2 * LIMIT);
    let (first, rest) = all.split_at(lines("a", LIMIT / 2).len());
    let place = begun(first);
    let path = &private(&place)[0];
    let mut bytes = fs::read(path).expect("read the private file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).expect("write the private file");
    append(&place, rest);
    holds(&place, &all);
}

#[test]
fn somebody_who_sits_on_the_private_file_stops_nobody() {
    let all = lines("a", 2 * LIMIT);
    let (first, rest) = all.split_at(lines("a", LIMIT / 2).len());
    let place = begun(first);
    let sat_on = File::open(&private(&place)[0]).expect("open the private file");
    fs2::FileExt::lock_exclusive(&sat_on).expect("lock the private file");
    append(&place, rest);
    assert!(place.backups("app.log").iter().all(|name| is_gz(name)), "compressed all the same");
    drop(sat_on);
    append(&place, b"and one line more\n");
    assert!(place.chain("app.log") == [&all[..], b"and one line more\n"].concat());
}

#[test]
#[cfg(unix)]
fn a_log_that_was_emptied_is_compressed_when_it_is_rotated_on_request() {
    use nix::sys::signal::Signal;

    let place = Place::fresh();
    let mut tee = Tee::new(&place).args("-q --gzip --max-bytes 10M app.log").start();
    tee.feed(&lines("a", 1 << 20));
    until(SOON, "a part is compressed", || !private(&place).is_empty());
    until(SOON, "all is in", || place.read("app.log").len() == lines("a", 1 << 20).len());
    File::options().write(true).truncate(true).open(place.path("app.log")).expect("empty the log");
    tee.feed(b"one line\n");
    until(SOON, "the line is in", || place.read("app.log") == b"one line\n");
    tee.signal(Signal::SIGUSR2);
    until(SOON, "it is rotated", || place.path("app.log.1.gz").exists());
    tee.finish().expect(0);
    assert_eq!(place.backups("app.log"), ["app.log.1.gz"]);
    assert_eq!(place.chain("app.log"), b"one line\n");
}

#[test]
fn equal_lines_that_hide_that_the_log_was_emptied_do_not_deceive() {
    let ticks = |count: usize| b"tick\n".repeat(count);
    let place = begun(&ticks(400_000));
    // Written directly, so no writer of ours sees the log empty. Its beginning, end and length look
    // as if it had grown.
    let mut other = ticks(600_000);
    other[1_000_000..1_000_005].copy_from_slice(b"tock\n");
    let mut log = File::options().write(true).truncate(true).open(place.path("app.log"));
    std::io::Write::write_all(log.as_mut().expect("empty the log"), &other).expect("write it anew");
    // On Windows an open file keeps its name until it is closed.
    drop(log);
    let rest = ticks(400_000);
    append(&place, &rest);
    holds(&place, &[other, rest].concat());
    assert_eq!(place.backups("app.log").len(), 1);
}

#[test]
fn a_private_file_with_a_second_name_is_left_alone() {
    let all = lines("a", 2 * LIMIT);
    let (first, rest) = all.split_at(lines("a", LIMIT / 2).len());
    let place = begun(first);
    let path = &private(&place)[0];
    fs::remove_file(path).expect("remove the private file");
    place.write("precious", b"not a log\n");
    fs::hard_link(place.path("precious"), path).expect("make a link");
    append(&place, rest);
    assert_eq!(place.read("precious"), b"not a log\n");
    assert_eq!(fs::read(path).expect("it is still there"), b"not a log\n");
    assert!(place.chain("app.log") == all);
    assert!(place.backups("app.log").iter().all(|name| is_gz(name)), "compressed all the same");
}

#[test]
fn what_short_runs_write_is_compressed_as_it_grows() {
    let place = Place::fresh();
    let all = lines("a", 300 * 4096);
    for run in all.chunks(lines("a", 4096).len()) {
        append(&place, run);
    }
    // The blocks have 512 KiB, because the log is far from its limit.
    let private = fs::read(&private(&place)[0]).expect("the private file");
    let mut covered = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&private[..]);
    // The private file ends in an index instead of gzip's trailer. The decoder drops what it
    // decompressed in the step that fails.
    std::io::Read::read_to_end(&mut decoder, &mut covered).expect_err("it grows");
    assert!(covered.len() > 2 << 18 && all.starts_with(&covered), "{}", covered.len());
    holds(&place, &all);
}

#[test]
#[ignore = "needs busybox, curl, node, perl and python3"]
#[cfg(unix)]
fn every_reader_reads_a_backup_whole() {
    use std::process::Command;

    let all = lines("a", LIMIT + 1000);
    let place = Place::fresh();
    append(&place, &all);
    let backup = place.path("app.log.1.gz");
    let whole = &all[..all.len() - place.read("app.log").len()];
    let zlib = "import sys, zlib; d = zlib.decompressobj(31)\n\
        sys.stdout.buffer.write(d.decompress(open(sys.argv[1], 'rb').read()) + d.flush())\n\
        assert d.eof and not d.unused_data";
    let gzip = "import sys, gzip; sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())";
    let perl = "use IO::Uncompress::Gunzip qw(gunzip $GunzipError); \
        gunzip($ARGV[0] => '-') or die $GunzipError";
    let node = "process.stdout.write(require('zlib').gunzipSync(\
        require('fs').readFileSync(process.argv[1])))";
    for command in [
        &["zcat"][..],
        &["busybox", "zcat"],
        &["python3", "-c", gzip],
        &["python3", "-c", zlib],
        &["perl", "-e", perl],
        &["node", "-e", node],
    ] {
        let mut reader = Command::new(command[0]);
        let ended = reader.args(&command[1..]).arg(&backup).output();
        let ended = ended
            .unwrap_or_else(|error| panic!("{}: {error}; tests/prepare installs it", command[0]));
        let errors = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{command:?}: {errors}");
        assert!(ended.stdout == whole, "{command:?}: {} bytes", ended.stdout.len());
    }
    let told = Command::new("gzip").arg("-l").arg(&backup).output().expect("gzip -l");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains(&format!(" {} ", whole.len())), "{told}");
    as_a_server_sends_it(&backup, whole);
}

/// Asserts that curl decompresses everything a server sends as compressed content.
#[cfg(unix)]
fn as_a_server_sends_it(backup: &Path, whole: &[u8]) {
    use std::io::{Read, Write};
    use std::process::Command;

    let server = std::net::TcpListener::bind("127.0.0.1:0").expect("listen");
    let address = format!("http://{}/", server.local_addr().expect("an address"));
    let body = fs::read(backup).expect("read the backup");
    let sender = std::thread::spawn(move || {
        let (mut client, _) = server.accept().expect("a client");
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte).expect("a request");
            request.extend(byte);
        }
        let length = body.len();
        write!(
            client,
            "HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n"
        )
        .expect("answer");
        client.write_all(&body).expect("send the backup");
    });
    let curl =
        Command::new("curl").args(["-sS", "--noproxy", "*", "--compressed", &address]).output();
    let ended = curl.unwrap_or_else(|error| panic!("curl: {error}; tests/prepare installs it"));
    assert!(ended.stdout == whole, "{}", String::from_utf8_lossy(&ended.stderr));
    sender.join().expect("the server");
}
