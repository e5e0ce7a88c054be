//! A program that draws on a terminal leaves a readable log, and the terminal gets the same bytes
//! as without `clh-tee`.

use crate::harness::{Place, python};

/// Colours, a progress bar, a link and a title.
const PROGRAM: &str = r"
printf '\033[1;34m==>\033[0m fetching\n'
for n in 1 25 50 75 100; do
    printf '\r\033[2K\033[33m%3d%%\033[0m [\033[32m%s\033[0m]' $n '####'
done
printf '\r\033[2K\033[32mdone\033[0m: 4 files\033[K\n'
printf '\033]8;;https://example.org/\033\\link\033]8;;\033\\ \033]0;title\007text\033(B\n'
printf 'caf\303\251\ttab \351\n'
";

/// Returns the bytes that a terminal gets from `script`, which runs in `place`.
fn sent(place: &Place, script: &str) -> Vec<u8> {
    let mut command = python("screen.py");
    let output = command.args(["sh", "-c", script]).current_dir(place.dir()).output();
    let output = output.expect("run Python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
#[ignore = "needs python3"]
fn a_progress_bar_leaves_a_readable_log() {
    let place = Place::fresh();
    let program = env!("CARGO_BIN_EXE_clh-tee");
    let tee = format!("({PROGRAM}) | {program} --strip-ansi --collapse-cr app.log");
    let screen = sent(&place, &tee);
    assert_eq!(
        place.read("app.log"),
        b"==> fetching\ndone: 4 files\nlink text\ncaf\xc3\xa9\ttab \xe9\n",
        "{}",
        String::from_utf8_lossy(&place.read("app.log"))
    );
    let alone = sent(&place, PROGRAM);
    assert!(alone.windows(5).any(|bytes| bytes == b"\x1b[33m"), "it is coloured");
    assert_eq!(screen, alone, "the terminal stays as it was");
}
