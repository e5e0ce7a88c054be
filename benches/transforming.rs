//! How fast lines are transformed, which the program does with each line between two system calls.
//!
//! Run it with `cargo bench --bench transforming`. `copied` is the cost of a line that is only
//! copied, which is part of all other figures.

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use clap::{Args, Command, FromArgMatches};
use divan::Bencher;
use divan::counter::BytesCount;
use memchr::memchr_iter;

/// The measured parts of the program.
#[path = "../src/bin/clh-tee"]
mod program {
    #[expect(dead_code, reason = "the program uses more of it")]
    pub(crate) mod records;
    #[expect(dead_code, reason = "the program uses more of it")]
    #[expect(unused_imports, reason = "its tests are not run here")]
    pub(crate) mod transform;
    /// What tags need of the system.
    pub(crate) mod sys {
        #[cfg_attr(unix, path = "unix/files.rs")]
        #[cfg_attr(windows, path = "windows/files.rs")]
        #[expect(dead_code, reason = "the program uses more of it")]
        mod files;
        pub(crate) use self::files::{host, user};
        pub(crate) const READ: usize = super::super::INPUT;
    }
}

use crate::program::records::{self, Batch};
use crate::program::sys;
use crate::program::transform::{Rules, Settings, Transform};

/// As much as the program reads at once.
const INPUT: usize = 256 * 1024;

/// A server's line of 117 bytes.
const PLAIN: &str = "192.0.2.17 GET /api/v1/items?page=3&per_page=50 HTTP/1.1 200 5123 \
                     0.0042 curl/8.5.0 request-id=7f3a90c2d41e trace=off\n";

/// The same line with colours.
const COLOURED: &str = "192.0.2.17 \x1b[1mGET\x1b[0m /api/v1/items?page=3&per_page=50 HTTP/1.1 \
                        \x1b[32m200\x1b[0m 5123 0.0042 curl/8.5.0 request-id=7f3a90c2d41e\r\n";

/// Options that a user might give.
const OPTIONS: [&str; 9] = [
    "--timestamp",
    "--timestamp --tag backup[{pid}]",
    "--strip-ansi",
    "--collapse-cr",
    "--select 200",
    "--deselect ^#|DEBUG",
    "--escape-control",
    "--format json",
    "--timestamp --tag backup[{pid}] --strip-ansi --collapse-cr --escape-control",
];

fn main() {
    divan::main();
}

/// Lines that are only copied.
#[divan::bench]
fn copied(bencher: Bencher) {
    let input = PLAIN.repeat(INPUT / PLAIN.len()).into_bytes();
    let mut out = Vec::new();
    bencher.counter(BytesCount::of_slice(&input)).bench_local(|| {
        out.clear();
        let mut done = 0;
        for end in memchr_iter(b'\n', black_box(&input)) {
            out.extend_from_slice(&input[done..=end]);
            done = end + 1;
        }
        out.len()
    });
}

/// Lines in which there is nothing to remove or to show.
#[divan::bench(args = OPTIONS)]
fn plain(bencher: Bencher, options: &str) {
    transformed(bencher, options, PLAIN);
}

/// Lines in which there is something.
#[divan::bench(args = OPTIONS)]
fn coloured(bencher: Bencher, options: &str) {
    transformed(bencher, options, COLOURED);
}

/// Measures how long it takes to transform lines like this one, as if they had just been read.
fn transformed(bencher: Bencher, options: &str, line: &str) {
    let asked = ["clh-tee"].into_iter().chain(options.split_whitespace());
    let matches = Settings::augment_args(Command::new("clh-tee")).get_matches_from(asked);
    let mut settings = Settings::from_arg_matches(&matches).expect("they are right");
    (settings.rules, settings.utc) = (Rules::of(&matches, false), true);
    let transform = Transform::new(&settings, 1, "out").expect("a tag that can be filled in");
    let mut transform = transform.expect("something is asked for");
    let input = line.repeat(INPUT / line.len()).into_bytes();
    let (mut now, mut out) = (SystemTime::now(), Batch::default());
    bencher.counter(BytesCount::of_slice(&input)).bench_local(|| {
        out.clear();
        let began = now;
        now += Duration::from_micros(200);
        transform.apply(black_box(&input[..]).into(), began, now, &mut [&mut out])
    });
}
