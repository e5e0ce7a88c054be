//! The two output streams of a program.

/// Which stream of its producer a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output, and what comes through standard input.
    Out,
    /// Standard error.
    Err,
}

impl Stream {
    /// Returns the name of that stream of ours which takes the copy.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Out => "standard output",
            Self::Err => "standard error",
        }
    }

    /// Returns its name in tags.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Err => "err",
        }
    }
}
