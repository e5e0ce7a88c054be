//! Tests with other programs, one module for each promise. Most need Python with the real
//! concurrent-log-handler, some rsyslog or another log program.

#![cfg(unix)]

#[path = "../harness/mod.rs"]
mod harness;

mod handlers;
mod neighbours;
mod recipes;
mod same_directory;
mod shippers;
mod storm;
mod timed;
mod together;
