//! What the tests share: a fresh directory, the program running in it, the lock held by the test,
//! Python peers, pages whose blocks are run, and waiting.
//!
//! Nothing here asserts anything about the program, but a failed assertion explains itself: when a
//! test panics, each run prints its command, status and both streams, and each directory prints its
//! files.

#![allow(dead_code, unused_imports, reason = "every test program uses only a part of the harness")]

mod dice;
pub(crate) mod generations;
mod lock;
#[cfg(unix)]
mod modes;
#[cfg(unix)]
mod needs;
mod numbered;
mod outcome;
mod page;
mod peers;
mod place;
#[cfg(unix)]
mod process;
mod program;
mod schema;
#[cfg(unix)]
pub(crate) mod small_disk;
#[cfg(unix)]
pub(crate) mod strace;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
pub(crate) mod system;
#[cfg(unix)]
mod traced;
mod wait;

pub(crate) use dice::Dice;
pub(crate) use lock::HeldLock;
#[cfg(unix)]
pub(crate) use modes::{inode, mode};
#[cfg(unix)]
pub(crate) use needs::{needs, needs_root};
pub(crate) use numbered::{check_numbered, numbered};
pub(crate) use outcome::Ended;
pub(crate) use page::Page;
pub(crate) use peers::{Peer, PythonWriter, crates_io_program, python};
pub(crate) use place::Place;
pub(crate) use program::{Running, Tee};
pub(crate) use schema::fits;
#[cfg(unix)]
pub(crate) use traced::traced;
pub(crate) use wait::{stays, until};
