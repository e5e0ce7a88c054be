//! What the console sends, and the end of a command.
//!
//! Ctrl-C is an INT: the rest of the pipeline gets it too. Ctrl-Break is a TERM, and so is the
//! end of the console, of the session or of the system. Windows waits some seconds (usually
//! five) before it ends us, as long as the handler does not return, which tokio sees to.

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

/// Requests that have come in and were not taken yet.
static CAME: Mutex<Vec<Caught>> = Mutex::new(Vec::new());

pub(super) fn note(request: Request) {
    // A child's end does not concern a command, and the console sends it the rest.
    let sender = if request == Request::Child { Sender::Ourselves } else { Sender::Terminal };
    came().push(Caught { request, sender, number: None, ignored: false });
    ring();
}

fn came() -> MutexGuard<'static, Vec<Caught>> {
    CAME.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) struct Signals(());

/// Does nothing: there is no such limit.
pub(crate) fn outlive_file_limit() {}

impl Signals {
    /// Catches what the console sends from now on.
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

    /// The console signals the command itself.
    pub(crate) fn catch_for_command() -> io::Result<Self> {
        Self::catch()
    }

    pub(crate) fn awaited(&self) -> impl Iterator<Item = Awaited<'_>> {
        iter::once(Awaited::new(self))
    }

    pub(crate) fn caught(&mut self) -> Vec<Caught> {
        std::mem::take(&mut came())
    }
}

impl Ready for Signals {
    fn is_ready(&self) -> bool {
        !came().is_empty()
    }
}

struct Console {
    interrupt: CtrlC,
    stop: CtrlBreak,
    close: CtrlClose,
    leave: CtrlLogoff,
    shutdown: CtrlShutdown,
}

impl Console {
    fn open() -> io::Result<Self> {
        Ok(Self {
            interrupt: windows::ctrl_c()?,
            stop: windows::ctrl_break()?,
            close: windows::ctrl_close()?,
            leave: windows::ctrl_logoff()?,
            shutdown: windows::ctrl_shutdown()?,
        })
    }

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
        let ended = ends.iter().any(Poll::is_ready);
        if ended { Poll::Ready(Request::Terminate) } else { Poll::Pending }
    }
}

/// No signal kills a command.
pub(crate) fn end_by(_signal: i32) -> ExitCode {
    ExitCode::FAILURE
}

/// Does nothing: no signal stops a process.
pub(crate) fn stop(_signal: i32) {}
