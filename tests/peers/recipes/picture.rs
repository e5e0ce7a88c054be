//! The README's picture of a terminal can be drawn again from a real session.

use super::kitchen::{Kitchen, ended, expect};
use crate::harness::Peer;

#[test]
#[ignore = "needs python3 with CLH"]
fn session_of_the_picture_still_goes_as_it_does_there() {
    let kitchen = Kitchen::fresh();
    let peer = Peer::of_version("0.9.31");
    let path = format!("{}:{}:/usr/bin:/bin", kitchen.bin().display(), peer.bin().display());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/figures/terminal.py");
    let mut command = kitchen.command("timeout");
    command.env("PATH", path).args(["120", "python3", script, "terminal.svg"]);
    let session = expect(&ended(&mut command), 0);
    assert!(session.contains(": \u{1b}[1m\u{1b}[32mhealthy"), "{session}");
    for writer in ["--tag import", "--tag stock", "python3 worker.py"] {
        let open = session.lines().filter(|line| line.ends_with("to write"));
        assert_eq!(open.filter(|line| line.contains(writer)).count(), 1, "{writer}: {session}");
    }
    let picture = kitchen.text("terminal.svg");
    for name in ["import: ", "stock: ", "worker: ", "5.gz", "healthy"] {
        assert!(picture.contains(name), "{name}: {picture}");
    }
}
