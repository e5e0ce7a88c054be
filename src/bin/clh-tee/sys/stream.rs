//! The two output streams of a program.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output; our standard input counts as this one.
    Out,
    Err,
}

impl Stream {
    /// Returns the name of our stream that takes the copy.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Out => "standard output",
            Self::Err => "standard error",
        }
    }

    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Err => "err",
        }
    }
}
