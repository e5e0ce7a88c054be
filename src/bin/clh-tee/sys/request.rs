//! A signal that has come in, and what it asks for, whatever the system calls it.

/// A signal that has come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caught {
    pub(crate) request: Request,
    pub(crate) sender: Sender,
    /// Its number, where it can be sent on to another process and be died of.
    pub(crate) number: Option<i32>,
    /// It was ignored when we began, so it is ignored by us too.
    pub(crate) ignored: bool,
}

/// What a signal asks for.
#[cfg_attr(windows, expect(dead_code, reason = "no signal asks for all of it there"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// INT: go on until the input ends.
    Interrupt,
    /// QUIT.
    Quit,
    /// TERM: drain and end.
    Terminate,
    /// HUP: the same as `Flush`, if there is no command.
    HangUp,
    /// USR1: put everything read so far on disk.
    Flush,
    /// ALRM, USR2: rotate.
    Rotate,
    /// TSTP, TTIN, TTOU: stop, as a shell's job does.
    Stop,
    /// CONT: go on after a stop.
    Continue,
    /// CHLD: a child has ended, stopped, or goes on.
    Child,
    /// Any other, which is of interest to a command only.
    Other,
}

impl Request {
    /// Returns true if a process ends when it gets this signal, unless it
    /// catches it.
    pub(crate) fn ends(self) -> bool {
        matches!(self, Self::Interrupt | Self::Quit | Self::Terminate | Self::HangUp)
    }
}

/// Where a signal comes from, as far as it is known.
#[cfg_attr(windows, expect(dead_code, reason = "there all come from the console"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// The terminal, which sends it to every process of the group.
    Terminal,
    /// Another process, and maybe to us alone.
    Process,
    /// We, by writing to a closed pipe or beyond the limit for files, or a child's
    /// end: it is not meant for a command.
    Ourselves,
}
