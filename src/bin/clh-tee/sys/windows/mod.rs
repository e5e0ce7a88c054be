//! Windows.
//!
//! There is nothing like `poll` for pipes and the console here. So whatever may
//! have to be waited for, an input, an output, a process, has a thread of its
//! own that waits in a call, and rings a bell when it is over; whoever waits for
//! many things at once waits for the bell and then looks at each of them.
//!
//! These files are the only doors to tokio and winapi-util in the program.

// What can fail or has a state on another system keeps that face here.
#![allow(clippy::unnecessary_wraps, clippy::unused_self)]

pub(super) mod files;
pub(super) mod process;
pub(super) mod signals;
pub(super) mod standard;
pub(super) mod streams;
pub(super) mod waiting;

#[cfg(test)]
mod tests;
