//! A hold of the lock, if it is to be had in time.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clh_tee::{Hold, Result, RotatingLog};

/// Does `work` under the lock, if that is to be had within `limit`; returns the
/// log with what that has brought.
pub(super) fn in_time<T: Send + 'static>(
    mut log: RotatingLog,
    limit: Option<Duration>,
    work: impl FnOnce(&mut Hold<'_>) -> Result<T> + Send + 'static,
) -> Result<Option<(RotatingLog, T)>> {
    let Some(limit) = limit else {
        let mut hold = log.hold()?;
        let done = work(&mut hold)?;
        hold.finish()?;
        return Ok(Some((log, done)));
    };
    // Who waits for the lock cannot look at the time; that is done here.
    let (sender, receiver) = mpsc::channel();
    // Without a buffer: what is sent has been heard.
    let (had, has) = mpsc::sync_channel(0);
    thread::spawn(move || {
        let outcome = log.hold().and_then(|mut hold| {
            // Nobody waits for it any more: then it is let go, and nothing done.
            if had.send(()).is_err() {
                return Ok(None);
            }
            let done = work(&mut hold)?;
            hold.finish().map(|()| Some(done))
        });
        drop(sender.send(outcome.map(|done| done.map(|done| (log, done)))));
    });
    match has.recv_timeout(limit) {
        Err(mpsc::RecvTimeoutError::Timeout) => Ok(None),
        // It is done, or it has failed.
        _ => receiver.recv().unwrap_or(Ok(None)),
    }
}
