//! How fast input is cut into whole lines: what the program does to each byte
//! between two system calls.
//!
//! Run by `cargo bench --bench records`. The input is in memory, so the copy that
//! `read` makes of it is part of the figure, as the kernel's is in the program.

use std::hint::black_box;

use divan::Bencher;
use divan::counter::BytesCount;

#[path = "../src/bin/clh-tee/records.rs"]
#[expect(dead_code, reason = "the program uses more of it")]
mod records;
/// What the program reads at once.
mod sys {
    pub(crate) const READ: usize = 256 * 1024;
}

use crate::records::{Lines, Splitting};
use crate::sys::READ;

/// How much is cut in one go.
const INPUT: usize = 16 * READ;

/// Lengths of lines, their newline included.
const LENGTHS: [usize; 4] = [20, 117, 4096, 65536];

/// Above which length lines are cut, as by default.
const MAX_LINE: usize = 1024 * 1024;

fn main() {
    divan::main();
}

/// Lines that come in by large reads, as from a loud producer.
#[divan::bench(args = LENGTHS)]
fn large_reads(bencher: Bencher, length: usize) {
    cut(bencher, length, READ, MAX_LINE);
}

/// Lines that come in by reads of a page, which leave many torn ends.
#[divan::bench(args = LENGTHS)]
fn small_reads(bencher: Bencher, length: usize) {
    cut(bencher, length, 4096, MAX_LINE);
}

/// Lines of which each is cut in four, the slow way.
#[divan::bench(args = LENGTHS)]
fn too_long(bencher: Bencher, length: usize) {
    cut(bencher, length, READ, length / 4);
}

/// Measures how long it takes to cut lines of `length` that come in by reads
/// of at most `read` bytes.
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
