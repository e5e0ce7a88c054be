//! What the program can be asked to do.

pub(crate) mod append;
pub(crate) mod read;
pub(crate) mod status;
