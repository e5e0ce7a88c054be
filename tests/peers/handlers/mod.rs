//! The Python handlers of the package `clh_tee`, compared with and running beside the real
//! concurrent-log-handler.
//!
//! Python's `unittest` runs each file: what a record becomes, processes and how they end, trouble,
//! and the files that both kinds of handler leave.

use std::env;
use std::path::Path;

use crate::harness::{Peer, system};

/// Runs the tests in one file, with this build's program on the `PATH`.
fn passes(file: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_BIN_EXE_clh-tee")).parent().expect("a directory");
    let path = env::var_os("PATH").unwrap_or_default();
    let path = [program.to_owned()].into_iter().chain(env::split_paths(&path));
    let path = env::join_paths(path).expect("directories without a colon");
    let peer = Peer::of_version("0.9.31");
    let mut python = system::command(peer.bin().join("python3").as_os_str());
    python.args(["-B", "-s", "-m", "unittest", file]);
    python.current_dir(root.join("tests/peers/handlers"));
    python.env("PYTHONPATH", root.join("python")).env("PATH", path);
    let run = python.output().expect("start Python");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{file}: {}\n{said}", run.status);
}

#[test]
#[ignore = "needs python3 with CLH"]
fn records() {
    passes("test_records");
}

#[test]
#[ignore = "needs python3 with CLH"]
fn processes() {
    passes("test_processes");
}

#[test]
#[ignore = "needs python3 with CLH"]
fn trouble() {
    passes("test_trouble");
}

#[test]
#[ignore = "needs python3 with CLH"]
fn files() {
    passes("test_files");
}

#[test]
#[ignore = "needs python3 with CLH"]
fn pages() {
    passes("test_pages");
}
