//! Tests that run on Windows too: one module for each promise. They need
//! nothing but Rust, but for those that say in their `#[ignore]` what they need.

#[path = "../harness/mod.rs"]
mod harness;

mod compressed_ahead;
mod not_held_up;
mod program;
mod records;
mod recovery;
mod whole_lines;
