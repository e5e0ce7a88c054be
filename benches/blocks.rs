//! The cost of a log's blocks, compressed as the program does it: ratio and speed for each block
//! size, and the time of one block, which another writer might have to wait.
//!
//! Run it with `cargo bench --bench blocks`. It prints a table for log-like text.

use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

#[path = "../src/compress/block.rs"]
#[expect(dead_code, reason = "the library uses more of it")]
mod block;

use crate::block::{Deflater, WINDOW, checksum_after, trailer};

/// gzip, deflate, no name, no time, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// The program's default level.
const LEVEL: u32 = 7;

/// How often a log is compressed; the fastest run counts.
const RUNS: usize = 5;

fn main() {
    println!("| log | block | ratio | MB/s | ms per block |");
    println!("|---|---|---|---|---|");
    for length in [10 << 20, 512 << 10] {
        let log = log_like(length);
        let name = size(length);
        let whole = fastest(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
            encoder.write_all(&log).expect("compress");
            encoder.finish().expect("compress").len()
        });
        row(&name, "whole, one stream", length, length, whole);
        for block in [length, 256 << 10, 64 << 10, 32 << 10] {
            let label = if block == length { "whole".to_owned() } else { size(block) };
            row(&name, &label, length, block, fastest(|| member(&log, block).len()));
        }
    }
}

/// Compresses `log` to one gzip member in blocks of this length.
fn member(log: &[u8], length: usize) -> Vec<u8> {
    let mut deflater = Deflater::new(LEVEL);
    let (mut out, mut sum) = (HEADER.to_vec(), 0);
    let window = usize::try_from(WINDOW).expect("a small number");
    for (index, block) in log.chunks(length).enumerate() {
        let offset = index * length;
        let before = &log[offset.saturating_sub(window)..offset];
        deflater.reset();
        deflater.prime(before).expect("compress");
        deflater.deflate(block, true, &mut out).expect("compress");
        sum = checksum_after(sum, block);
    }
    out.extend(trailer(sum, log.len() as u64));
    out
}

/// Returns the result of `run` and its shortest time.
fn fastest(mut run: impl FnMut() -> usize) -> (usize, Duration) {
    let timed = || {
        let began = Instant::now();
        (run(), began.elapsed())
    };
    let runs = std::iter::repeat_with(timed).take(RUNS);
    runs.min_by_key(|(_, time)| *time).expect("a run")
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn row(log: &str, block: &str, length: usize, each: usize, (packed, time): (usize, Duration)) {
    let ratio = length as f64 / packed as f64;
    let speed = length as f64 / 1e6 / time.as_secs_f64();
    let per_block = time.as_secs_f64() * 1e3 * each as f64 / length as f64;
    println!("| {log} | {block} | {ratio:.3} | {speed:.0} | {per_block:.1} |");
}

fn size(bytes: usize) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", bytes >> 20) } else { format!("{} KiB", bytes >> 10) }
}

/// Returns lines like those of a web service.
fn log_like(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut dice = |sides: u64| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (state >> 33) % sides
    };
    let paths = ["/api/v1/orders", "/api/v1/users", "/static/app.js", "/health", "/login"];
    let levels = ["INFO", "INFO", "INFO", "WARN", "ERROR", "DEBUG"];
    let (mut log, mut millis) = (Vec::with_capacity(length + 256), 0);
    while log.len() < length {
        millis += dice(40);
        let (minute, second, milli) = (millis / 60_000 % 60, millis / 1000 % 60, millis % 1000);
        let level = levels[usize::try_from(dice(6)).unwrap_or(0)];
        let path = paths[usize::try_from(dice(5)).unwrap_or(0)];
        let (client, status) =
            (dice(256), [200, 200, 200, 304, 404, 500][usize::try_from(dice(6)).unwrap_or(0)]);
        writeln!(
            log,
            "2026-11-27 14:{minute:02}:{second:02},{milli:03} {level} worker-{} 10.0.{}.{client} \
             GET {path}/{} status={status} bytes={} time={}ms request={:016x}",
            dice(8),
            dice(4),
            dice(10_000),
            dice(60_000),
            dice(900),
            dice(1 << 31) << 16,
        )
        .expect("write to memory");
    }
    log.truncate(length);
    log
}
