//! What signals ask for, whatever the system calls them.

/// What a signal asks for.
#[cfg_attr(windows, expect(dead_code, reason = "no signal asks for all of it there"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// INT: go on until the input ends.
    Interrupt(Sender),
    /// QUIT.
    Quit(Sender),
    /// TERM: drain and end.
    Terminate,
    /// HUP: the same as `Flush`, if there is no command.
    HangUp,
    /// USR1: put everything read so far on disk.
    Flush,
    /// ALRM, USR2: rotate.
    Rotate,
    /// CHLD: see whether the command has ended.
    ChildEnded,
}

/// Where a signal comes from, as far as it is known.
#[cfg_attr(windows, expect(dead_code, reason = "there all come from the console"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// A key was pressed, and everybody at the terminal gets it.
    Terminal,
    /// Another process sent it, and maybe to us alone.
    Process,
}
