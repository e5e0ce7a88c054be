//! Tests beside other programs: most need Python with the real
//! concurrent-log-handler, some rsyslog or another log writer. One module for
//! each promise.

#![cfg(unix)]

#[path = "../harness/mod.rs"]
mod harness;

mod neighbours;
mod recipes;
mod same_directory;
mod shippers;
mod storm;
mod timed;
