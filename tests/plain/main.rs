//! Tests for Unix that need only Rust and what every Unix has, unless their `#[ignore]` names
//! something else. One module for each promise.

#![cfg(unix)]

#[path = "../harness/mod.rs"]
mod harness;

mod command;
mod config;
mod environment;
mod errors;
mod files;
mod fuzz;
mod hostile_names;
mod lock_faults;
mod memory;
mod reading;
mod records;
mod rooms;
mod rotating;
mod several;
mod signals;
mod status;
mod transforming;
