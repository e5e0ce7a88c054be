//! What comes from the console, and the end of a command.
//!
//! Ctrl-C, Ctrl-Break and the console's end all are an INT: ctrlc does not say
//! which it was. The first one is left to the producer, who gets it too, and the
//! second one drains. At the end of a console the system ends the program as
//! soon as it has been told, whatever is left to do.

use std::io;
use std::iter;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::waiting::{Awaited, Ready, ring};
use crate::signals::{Request, Sender};

/// What has come in and was not taken yet.
static CAME: Mutex<Vec<Request>> = Mutex::new(Vec::new());

/// Notes what has come in.
pub(super) fn note(request: Request) {
    came().push(request);
    ring();
}

/// Returns what has come in, for a while.
fn came() -> MutexGuard<'static, Vec<Request>> {
    CAME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What has come in.
pub(crate) struct Signals(());

impl Signals {
    /// Catches what comes from the console from now on.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub(crate) fn catch() -> io::Result<Self> {
        let caught = || note(Request::Interrupt(Sender::Terminal));
        ctrlc::set_handler(caught).map_err(|error| match error {
            ctrlc::Error::System(error) => error,
            other => io::Error::other(other),
        })?;
        Ok(Self(()))
    }

    /// Catches what matters to a command too. The command gets it from the
    /// console itself.
    ///
    /// # Errors
    ///
    /// As [`Signals::catch`].
    pub(crate) fn catch_for_command() -> io::Result<Self> {
        Self::catch()
    }

    /// Does nothing: it is always the console.
    pub(crate) fn tell_keys(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Returns what is ready when something has come in.
    pub(crate) fn awaited(&self) -> impl Iterator<Item = Awaited<'_>> {
        iter::once(Awaited::new(self))
    }

    /// Returns what has come in since the last call.
    pub(crate) fn requests(&mut self) -> Vec<Request> {
        std::mem::take(&mut came())
    }
}

impl Ready for Signals {
    fn is_ready(&self) -> bool {
        !came().is_empty()
    }
}
