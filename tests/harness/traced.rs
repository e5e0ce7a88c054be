//! The program's system calls, as strace records them.

use std::fs;
use std::process::{Command, Stdio};

use super::Place;

/// Runs the program under strace on `input`; returns the calls of these names.
pub(crate) fn traced(place: &Place, calls: &str, args: &str, input: &str) -> Vec<String> {
    let trace = place.path("trace");
    let program = env!("CARGO_BIN_EXE_clh-tee");
    let shell = format!(
        "cd {}; umask 022; printf '{input}' | strace -f -qq -e trace={calls} -o {} {program} {args}",
        place.dir().display(),
        trace.display()
    );
    let run = Command::new("sh").args(["-c", &shell]).stdout(Stdio::null()).output();
    let run = run.expect("run sh");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let text = fs::read_to_string(&trace).expect("strace wrote its record; is it installed?");
    fs::remove_file(trace).expect("remove the record");
    text.lines().map(str::to_owned).collect()
}
