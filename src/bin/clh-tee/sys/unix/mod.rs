//! Unix. The program is made for Linux and measured there: `linux` has what only Linux offers,
//! `others` what other systems do instead. In the program, only these files use nix and
//! signal-hook.

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
