//! What the program can be asked to do.

pub(crate) mod append;
mod patient;
pub(crate) mod read;
pub(crate) mod repair;
pub(crate) mod rotate;
pub(crate) mod status;
