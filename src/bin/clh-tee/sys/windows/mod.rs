//! Windows has nothing like `poll` for pipes and the console. So each input, output and
//! process that may have to be waited for has a thread that waits in a call and rings a
//! bell afterwards. To wait for many things is to wait for the bell and check each.
//!
//! These files are the only doors to tokio and winapi-util in the program. What has no comment
//! here is documented in `unix`.

// A function that can fail or has state on another system has the same type here.
#![allow(clippy::unnecessary_wraps, clippy::unused_self)]

pub(super) mod files;
pub(super) mod process;
pub(super) mod signals;
pub(super) mod streams;
pub(super) mod waiting;

#[cfg(test)]
mod tests;
