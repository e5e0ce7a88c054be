//! What a test needs that not every machine has. Such a test is ignored, with the need as the
//! reason. If it is run and the need is missing, it fails and names it.

use std::path::Path;

use nix::unistd::geteuid;

/// Directories of programs, some of which may not be on `PATH`.
const DIRS: [&str; 4] = ["/usr/bin", "/bin", "/usr/sbin", "/usr/lib/execline/bin"];

/// Fails unless the test runs as root.
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
