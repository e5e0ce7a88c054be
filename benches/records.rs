//! How fast the input is cut into whole lines, which the program does with each byte between two
//! system calls.
//!
//! Run it with `cargo bench --bench records`. The input is in memory, so the figures include the
//! copy made by `read`, as the kernel makes it for the program.

use std::hint::black_box;

use divan::Bencher;
use divan::counter::BytesCount;

#[path = "../src/bin/clh-tee/records.rs"]
#[expect(dead_code, reason = "the program uses more of it")]
mod records;
/// How much the program reads at once.
mod sys {
    pub(crate) const READ: usize = 256 * 1024;
}

use crate::records::{Lines, Splitting};
use crate::sys::READ;

/// The input of one iteration.
const INPUT: usize = 16 * READ;

/// Lengths of lines, including the newline.
const LENGTHS: [usize; 4] = [20, 117, 4096, 65536];

/// The program's default length at which it cuts lines.
const MAX_LINE: usize = 1024 * 1024;

fn main() {
    divan::main();
}

/// Lines that arrive in large reads, as from a busy producer.
#[divan::bench(args = LENGTHS)]
fn large_reads(bencher: Bencher, length: usize) {
    cut(bencher, length, READ, MAX_LINE);
}

/// Lines that arrive in reads of a page, which leave many partial lines.
#[divan::bench(args = LENGTHS)]
fn small_reads(bencher: Bencher, length: usize) {
    cut(bencher, length, 4096, MAX_LINE);
}

/// Lines that are each cut into four, which is the slow path.
#[divan::bench(args = LENGTHS)]
fn too_long(bencher: Bencher, length: usize) {
    cut(bencher, length, READ, length / 4);
}

/// Measures how long it takes to cut lines of `length` that arrive in reads of at most `read`
/// bytes.
fn cut(bencher: Bencher, length: usize, read: usize, max_line: usize) {
    let mut line = vec![b'x'; length];
    line[length - 1] = b'\n';
    let input = line.repeat(INPUT / length);
    bencher.counter(BytesCount::of_slice(&input)).bench_local(|| {
        let mut lines = Lines::new(Splitting { max_line, ..Splitting::NONE });
        for mut piece in input.chunks(read) {
            while !piece.is_empty() {
                let count = lines.read(&mut piece).expect("memory can be read").len();
                lines.split(count);
                lines.taken(black_box(lines.whole().bytes()).len());
            }
        }
        lines.end_partial();
        lines.rest().len()
    });
}
