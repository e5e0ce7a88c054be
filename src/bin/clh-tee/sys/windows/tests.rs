//! Threads and the bell, which replace `poll` on Windows.

use std::ffi::OsStr;
use std::io::{self, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::files::plain;
use super::process::Process;
use super::streams::Input;
use super::waiting::{is_ready, is_ready_within, wait, waker};
use crate::messages::reason;
use crate::sys::READ;

const LONG: Duration = Duration::from_secs(30);

fn all_of(input: &mut Input) -> io::Result<(Vec<u8>, usize)> {
    let (mut all, mut most, mut buffer) = (Vec::new(), 0, vec![0; 2 * READ]);
    loop {
        assert!(is_ready_within(input.awaited(), LONG), "nothing comes");
        let count = input.read(&mut buffer)?;
        if count == 0 {
            return Ok((all, most));
        }
        most = most.max(count);
        all.extend_from_slice(&buffer[..count]);
    }
}

#[test]
fn all_input_comes_and_never_more_than_a_read_at_once() {
    let bytes: Vec<u8> = (0..3 * READ + 7).map(|number| number.to_le_bytes()[0]).collect();
    let (reads, mut writes) = io::pipe().expect("make a pipe");
    let mut input = Input::of(reads);
    assert!(!is_ready_within(input.awaited(), Duration::ZERO));
    let nothing = input.read(&mut [0]).map_err(|error| error.kind());
    assert_eq!(nothing, Err(ErrorKind::WouldBlock));
    let sent = bytes.clone();
    let writer = thread::spawn(move || writes.write_all(&sent));
    let (all, most) = all_of(&mut input).expect("read all");
    assert!(all == bytes && most <= READ, "{} bytes, {most} at once", all.len());
    writer.join().expect("a thread").expect("write all");
    assert_eq!(input.read(&mut [0]).expect("nothing more"), 0);
}

#[test]
fn a_waiting_thread_is_woken_each_time_and_for_ever_at_the_end() {
    let (waker, mut woken) = waker().expect("no reason to fail");
    for _ in 0..2 {
        waker.wake();
    }
    for _ in 0..2 {
        let mut awaited = [woken.awaited()];
        wait(&mut awaited, Some(LONG)).expect("no reason to fail");
        assert!(is_ready(&awaited[0]));
        woken.noted();
    }
    assert!(!is_ready_within(woken.awaited(), Duration::ZERO));
    let began = Instant::now();
    let waking = thread::spawn(move || drop(waker));
    assert!(is_ready_within(woken.awaited(), LONG) && began.elapsed() < LONG);
    waking.join().expect("a thread");
    woken.noted();
    assert!(is_ready_within(woken.awaited(), Duration::ZERO));
}

#[test]
fn a_process_has_its_own_pipes_and_its_whole_status() {
    let args = ["/c", "echo out& echo err 1>&2& exit 70000"].map(Into::into);
    let started = Process::start(OsStr::new("cmd"), &args);
    let (process, [out, err]) = started.expect("cmd is there");
    let text = |input: Option<Input>| {
        let (all, _) = all_of(&mut input.expect("a pipe")).expect("read all");
        String::from_utf8(all).expect("UTF-8").trim().to_owned()
    };
    assert_eq!((text(out), text(err)), ("out".to_owned(), "err".to_owned()));
    let began = Instant::now();
    let status = loop {
        if let Some(status) = process.ended() {
            break status;
        }
        assert!(began.elapsed() < LONG, "it does not end");
        thread::yield_now();
    };
    assert_eq!(status.code(), Some(70000));
}

#[test]
fn paths_and_reasons_are_as_people_write_them() {
    for (resolved, shown) in
        [(r"\\?\C:\logs\app.log", r"C:\logs\app.log"), (r"\\host\share\a", r"\\host\share\a")]
    {
        assert_eq!(plain(PathBuf::from(resolved)), PathBuf::from(shown));
    }
    let reason = reason(&io::Error::from_raw_os_error(5));
    assert!(!reason.is_empty() && !reason.contains("os error") && !reason.ends_with('.'));
}
