//! The recipes of `docs/recipes.md`: each marked block is run unchanged in a fresh directory and
//! does what the page says.
//!
//! Paths such as `/var/log` and `/usr/local/bin` become directories of the test. Programs that a
//! recipe only mentions, such as `myapp`, are made by the test.

mod compared;
mod crontab;
mod kitchen;
mod looking;
mod options;
mod picture;
mod pipelines;
mod readme;
mod services;
mod sharing;
mod shells;
