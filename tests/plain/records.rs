//! A producer or a signal stops at every point of a record: what was read is in the log.

use std::time::Duration;

use nix::sys::signal::Signal::{self, SIGHUP, SIGINT, SIGTERM, SIGUSR1};

use crate::harness::{Place, Tee, until};

const SOON: Duration = Duration::from_secs(20);

const RECORD: &str = "Traceback:\n  at a\n\nError: b\n";

/// Long timeouts, so that only what is tested ends a record.
const MODES: [&str; 2] = ["-z", "--record-start ^Trace --record-timeout 1h"];

/// Returns what is in the log if a record ends after `text`.
fn ended(text: &str) -> Vec<u8> {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    (text.to_owned() + newline).into_bytes()
}

/// Runs the program in `mode` on every beginning of a record; `end` sends the signal, if any.
fn at_every_point(signal: Option<Signal>) {
    for mode in MODES {
        for point in 1..=RECORD.len() {
            let (place, text) = (Place::fresh(), &RECORD[..point]);
            let mut tee = Tee::new(&place).args(mode).args("--max-bytes 1B app.log").start();
            tee.feed(text.as_bytes());
            tee.until_echoed(text.as_bytes());
            if let Some(signal) = signal {
                assert!(!place.path("app.log").exists(), "{mode}: {text:?}");
                tee.kill(signal);
            }
            let goes_on = signal.is_some_and(|signal| matches!(signal, SIGHUP | SIGUSR1));
            if goes_on {
                until(SOON, "the record is in", || place.read("app.log") == ended(text));
            }
            let run = if signal == Some(SIGTERM) { tee.end_within(SOON) } else { tee.finish() };
            run.expect_quiet_success();
            assert_eq!(place.read("app.log"), ended(text), "{mode}");
            assert_eq!(place.backups("app.log"), [""; 0], "{mode}: {text:?} is one record");
        }
    }
}

#[test]
fn the_input_ends() {
    at_every_point(None);
}

#[test]
fn int_comes() {
    at_every_point(Some(SIGINT));
}

#[test]
fn term_comes() {
    at_every_point(Some(SIGTERM));
}

#[test]
fn hup_comes() {
    at_every_point(Some(SIGHUP));
}

#[test]
fn usr1_comes() {
    at_every_point(Some(SIGUSR1));
}

#[test]
fn the_producer_stops() {
    for point in 1..=RECORD.len() {
        let (place, text) = (Place::fresh(), &RECORD[..point]);
        let args = "--record-start ^Trace --record-timeout 20ms --max-bytes 1B app.log";
        let mut tee = Tee::new(&place).args(args).start();
        tee.feed(text.as_bytes());
        let lines = text.rfind('\n').map_or("", |end| &text[..=end]);
        let is_in = || match lines {
            "" => !place.path("app.log").exists(),
            lines => place.read("app.log") == lines.as_bytes(),
        };
        until(SOON, "the whole lines are in", is_in);
        // The partial line is a record of its own when it ends.
        tee.finish().expect_quiet_success();
        let all = [place.read("app.log.1"), place.read("app.log")].concat();
        assert_eq!(all, ended(text));
    }
}
