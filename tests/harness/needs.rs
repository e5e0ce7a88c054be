//! What a test needs that is not everywhere. Such a test is ignored, with the
//! need as the reason; if it is run all the same, it fails and names the need.

use std::path::Path;

use nix::unistd::geteuid;

/// Where the programs are. Some are not on everyone's `PATH`.
const DIRS: [&str; 4] = ["/usr/bin", "/bin", "/usr/sbin", "/usr/lib/execline/bin"];

/// Fails unless this is root.
#[track_caller]
pub(crate) fn needs_root() {
    assert!(geteuid().is_root(), "this test needs root");
}

/// Fails unless these programs are installed.
#[track_caller]
pub(crate) fn needs(programs: &[&str]) {
    for program in programs {
        let found = DIRS.iter().any(|dir| Path::new(dir).join(program).exists());
        assert!(found, "this test needs {program}: tests/prepare installs it");
    }
}
