//! Signals under the same names on every system.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caught {
    pub(crate) request: Request,
    pub(crate) sender: Sender,
    /// Its number, where it can be passed on or died of.
    pub(crate) number: Option<i32>,
    /// It was ignored when we began, so we ignore it too.
    pub(crate) ignored: bool,
}

#[cfg_attr(windows, expect(dead_code, reason = "no signal asks for all of it there"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// INT: go on until the input ends.
    Interrupt,
    Quit,
    Terminate,
    /// HUP: as `Flush`, if there is no command.
    HangUp,
    /// USR1: put all lines read so far on disk.
    Flush,
    Rotate,
    /// TSTP, TTIN, TTOU: stop, as a shell's job does.
    Stop,
    Continue,
    /// CHLD: a child has ended, stopped, or goes on.
    Child,
    /// Any other, which only concerns a command.
    Other,
}

impl Request {
    /// Returns true if this signal ends a process that does not catch it.
    pub(crate) fn ends(self) -> bool {
        matches!(self, Self::Interrupt | Self::Quit | Self::Terminate | Self::HangUp)
    }
}

/// The source of a signal, as far as it is known.
#[cfg_attr(windows, expect(dead_code, reason = "there all come from the console"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// The terminal, which signals the whole process group.
    Terminal,
    /// Another process, perhaps only to us.
    Process,
    /// Ourselves, by a write to a closed pipe or beyond the file size limit, or a child's
    /// end: not for a command.
    Ourselves,
}
