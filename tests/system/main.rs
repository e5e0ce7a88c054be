//! Tests that examine or change the system: most need strace, or root to mount a small disk or to
//! give files to another user. One module for each promise.

#![cfg(unix)]

#[path = "../harness/mod.rs"]
mod harness;

mod blocked;
mod crash;
mod full_disk;
mod mode_and_owner;
mod power_cut;
mod sync;
mod users;
