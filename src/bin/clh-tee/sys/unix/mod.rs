//! Unix, and what Linux has beyond it.
//!
//! Linux is what everything is made for and measured on. What other systems
//! lack stands in `linux`, and beside it, in `others`, how they do without.
//! These files are the only doors to nix and signal-hook in the program.

pub(super) mod children;
pub(super) mod files;
pub(super) mod process;
mod raw;
pub(super) mod signals;
pub(super) mod standard;
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
