//! What comes from the console, and the end of a command.
//!
//! Ctrl-C is an INT: whoever else is in the pipeline gets it too. Ctrl-Break is
//! a TERM, and so is what comes before the system ends us: that the console is
//! closed, the user leaves, or the computer is shut down. It waits for some
//! seconds (five, as a rule), as long as we do not return from being told of it,
//! which tokio sees to.

use std::future::poll_fn;
use std::io;
use std::iter;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::windows::{self, CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown};

use super::waiting::{Awaited, Ready, ring};
use crate::sys::{Caught, Request, Sender};

/// What has come in and was not taken yet.
static CAME: Mutex<Vec<Caught>> = Mutex::new(Vec::new());

/// Notes what has come in.
pub(super) fn note(request: Request) {
    // A child's end is no command's affair, and all else it gets from the console.
    let sender = if request == Request::Child { Sender::Ourselves } else { Sender::Terminal };
    came().push(Caught { request, sender, number: None, ignored: false });
    ring();
}

/// Returns what has come in, for a while.
fn came() -> MutexGuard<'static, Vec<Caught>> {
    CAME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What has come in.
pub(crate) struct Signals(());

/// Lets a write beyond the limit on the size of files fail: there is no such limit.
pub(crate) fn outlive_file_limit() {}

impl Signals {
    /// Catches what comes from the console from now on.
    pub(crate) fn catch() -> io::Result<Self> {
        let mut console = Console::open()?;
        let runtime = Builder::new_current_thread().build()?;
        thread::spawn(move || {
            loop {
                note(runtime.block_on(poll_fn(|context| console.poll(context))));
            }
        });
        Ok(Self(()))
    }

    /// Catches what matters to a command too, which gets it from the console
    /// itself.
    pub(crate) fn catch_for_command() -> io::Result<Self> {
        Self::catch()
    }

    /// Returns what is ready when something has come in.
    pub(crate) fn awaited(&self) -> impl Iterator<Item = Awaited<'_>> {
        iter::once(Awaited::new(self))
    }

    /// Returns what has come in since the last call.
    pub(crate) fn caught(&mut self) -> Vec<Caught> {
        std::mem::take(&mut came())
    }
}

impl Ready for Signals {
    fn is_ready(&self) -> bool {
        !came().is_empty()
    }
}

/// What the console tells of.
struct Console {
    /// Ctrl-C.
    interrupt: CtrlC,
    /// Ctrl-Break.
    stop: CtrlBreak,
    /// The console is closed.
    close: CtrlClose,
    /// The user leaves.
    leave: CtrlLogoff,
    /// The computer is shut down.
    shutdown: CtrlShutdown,
}

impl Console {
    /// Has it told from now on.
    fn open() -> io::Result<Self> {
        Ok(Self {
            interrupt: windows::ctrl_c()?,
            stop: windows::ctrl_break()?,
            close: windows::ctrl_close()?,
            leave: windows::ctrl_logoff()?,
            shutdown: windows::ctrl_shutdown()?,
        })
    }

    /// Returns what comes next, when it does.
    fn poll(&mut self, context: &mut Context) -> Poll<Request> {
        if self.interrupt.poll_recv(context).is_ready() {
            return Poll::Ready(Request::Interrupt);
        }
        let ends = [
            self.stop.poll_recv(context),
            self.close.poll_recv(context),
            self.leave.poll_recv(context),
            self.shutdown.poll_recv(context),
        ];
        if ends.iter().any(Poll::is_ready) {
            Poll::Ready(Request::Terminate)
        } else {
            Poll::Pending
        }
    }
}

/// Returns the status of a command that a signal killed. There is none.
pub(crate) fn end_by(_signal: i32) -> ExitCode {
    ExitCode::FAILURE
}

/// Does nothing: no signal stops a process.
pub(crate) fn stop(_signal: i32) {}
