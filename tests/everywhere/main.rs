//! Tests that also run on Windows, one module for each promise. They need nothing except Rust,
//! unless their `#[ignore]` names something else.

#[path = "../harness/mod.rs"]
mod harness;

mod compressed_ahead;
mod not_held_up;
mod program;
mod records;
mod recovery;
mod whole_lines;
