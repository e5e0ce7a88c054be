//! What is done instead of appending.

pub(crate) mod read;
pub(crate) mod status;
