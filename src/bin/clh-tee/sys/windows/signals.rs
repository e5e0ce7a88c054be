//! Signals of the console, and the end of a command.
//!
//! Ctrl-C is INT: the rest of the pipeline gets it, too. Ctrl-Break is TERM, and so is the end of
//! the console, of the session or of the system. Before Windows ends us, it waits some seconds
//! (usually five) as long as the handler does not return; tokio ensures that.

use std::future::poll_fn;
use std::io;
use std::iter;
use std::process::ExitCode;
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};

use super::waiting::{Awaited, Ready, ring};
use crate::sys::{Caught, Request, Sender, lock};

/// Requests that have arrived and have not been handled.
static CAME: Mutex<Vec<Caught>> = Mutex::new(Vec::new());

pub(super) fn note(request: Request) {
    // A child's end does not concern the command, and the console sends it everything else.
    let sender = if request == Request::Child { Sender::Ourselves } else { Sender::Terminal };
    lock(&CAME).push(Caught { request, sender, number: None, ignored: false });
    ring();
}

pub(crate) struct Signals(());

pub(crate) fn outlive_file_limit() {}

impl Signals {
    /// The console signals a command itself.
    pub(crate) fn catch(_with_command: bool) -> io::Result<Self> {
        let (mut interrupt, mut stop) = (ctrl_c()?, ctrl_break()?);
        let (mut close, mut logoff, mut shutdown) =
            (ctrl_close()?, ctrl_logoff()?, ctrl_shutdown()?);
        let mut request = move |context: &mut Context<'_>| {
            if interrupt.poll_recv(context).is_ready() {
                return Poll::Ready(Request::Interrupt);
            }
            let ends = [
                stop.poll_recv(context),
                close.poll_recv(context),
                logoff.poll_recv(context),
                shutdown.poll_recv(context),
            ];
            let ended = ends.iter().any(Poll::is_ready);
            if ended { Poll::Ready(Request::Terminate) } else { Poll::Pending }
        };
        let runtime = Builder::new_current_thread().build()?;
        thread::Builder::new().spawn(move || {
            loop {
                note(runtime.block_on(poll_fn(&mut request)));
            }
        })?;
        Ok(Self(()))
    }

    pub(crate) fn awaited(&self) -> impl Iterator<Item = Awaited<'_>> {
        iter::once(Awaited::new(self))
    }

    pub(crate) fn caught(&mut self) -> Vec<Caught> {
        std::mem::take(&mut lock(&CAME))
    }
}

impl Ready for Signals {
    fn is_ready(&self) -> bool {
        !lock(&CAME).is_empty()
    }
}

/// On Windows no signal kills a command.
pub(crate) fn end_by(_signal: i32) -> ExitCode {
    ExitCode::FAILURE
}

pub(crate) fn stop(_signal: i32) {}
