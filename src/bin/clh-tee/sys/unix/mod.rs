//! Unix. Linux is the system that the program is made for and measured on: what only
//! Linux has is in `linux`, and what other systems do without it in `others`.
//! These files are the only doors to nix and signal-hook in the program.

pub(super) mod children;
pub(super) mod files;
pub(super) mod process;
mod raw;
pub(super) mod signals;
pub(super) mod streams;
pub(super) mod waiting;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod others;

#[cfg(target_os = "linux")]
use self::linux as kernel;
#[cfg(not(target_os = "linux"))]
use self::others as kernel;
