//! The recipes of `docs/recipes.md`: each block that the page marks is run as
//! it stands, in a fresh directory, and does what the page says of it.
//!
//! Paths like `/var/log` and `/usr/local/bin` become directories of the test.
//! Programs that a recipe only names, like `myapp`, are made for it.

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
