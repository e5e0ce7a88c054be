//! What the reader and the appender see of the queue.

use super::*;
use crate::records::Splitting;

fn queue(limit: usize) -> Queue {
    Queue::new(limit, false).unwrap().0
}

fn queue_of(lines: &str) -> Queue {
    let queue = queue(1000);
    assert_eq!(queue.push_or_drop(lines.as_bytes().into()), 0);
    queue
}

fn next_batch(queue: &Queue) -> Batch {
    let Some(Work::Append(batch)) = queue.next() else { panic!("a batch") };
    batch
}

fn next_spooled(queue: &Queue) -> Spooled {
    let Some(Work::Spooled(record)) = queue.next() else { panic!("a long record") };
    record
}

fn spooled(bytes: &[u8]) -> Spooled {
    let mut record = Spooled::in_memory();
    record.add(bytes).unwrap();
    record
}

#[test]
fn what_was_not_appended_comes_again_and_counts_until_it_is_in_the_log() {
    let queue = queue_of("one\ntwo\n");
    assert!(queue.begin());
    let batch = next_batch(&queue);
    queue.put_back(batch, 4);
    queue.done(4);
    assert_eq!((queue.lines(), queue.own_backlog()), (1, 4));
    let batch = next_batch(&queue);
    assert_eq!(batch.bytes, b"two\n");
    assert!(queue.next().is_none());
    queue.put_back(batch, 4);
    assert!(queue.next().is_none() && !queue.is_settled());
    queue.done(4);
    queue.push_or_drop(b"three\n"[..].into());
    assert_eq!(next_batch(&queue).bytes, b"three\n");
}

#[test]
fn small_batches_share_a_buffer() {
    let queue = queue(10 * READ);
    for (length, batches) in [(1, 1), (READ - 2, 1), (1, 1), (1, 2)] {
        assert_eq!(queue.push_or_drop(b"\n".repeat(length)[..].into()), 0);
        assert_eq!(queue.state().batches.len(), batches);
    }
    queue.ask(Requests { flush: true, rotate: false });
    for batches in [3, 3] {
        assert_eq!(queue.push_or_drop(b"\n"[..].into()), 0);
        assert_eq!(queue.state().batches.len(), batches, "the request comes between");
    }
}

#[test]
fn no_more_than_two_buffers_are_kept() {
    let queue = queue(1000);
    for _ in 0..4 {
        queue.put_back(Batch::default(), 0);
    }
    assert_eq!(queue.state().spares.len(), SPARES);
}

#[test]
fn the_rest_of_a_long_record_comes_again() {
    let queue = queue(1000);
    queue.push_spooled(spooled(b"one\ntwo\n"));
    queue.ask(Requests { flush: false, rotate: true });
    assert_eq!((queue.lines(), queue.is_idle()), (2, false));
    let mut record = next_spooled(&queue);
    record.go_to(4);
    queue.put_spooled_back(record);
    assert_eq!(next_spooled(&queue).left(), 4);
    assert!(matches!(queue.next(), Some(Work::Do(Requests { flush: false, rotate: true }))));
    assert!(queue.next().is_none() && !queue.is_idle());
    queue.done(8);
    assert!(queue.is_idle());
}

#[test]
fn a_large_buffer_is_given_away_whole_and_a_small_one_is_not() {
    for (length, given) in [(WORTH_GIVING - 1, false), (WORTH_GIVING, true)] {
        for done in [0, 1] {
            let queue = queue(10 * READ);
            let mut lines = Lines::new(Splitting::NONE);
            lines.add(|batch| {
                batch.bytes.resize(length + done, b'\n');
            });
            let buffer = lines.whole().bytes().as_ptr();
            assert!(queue.push(&mut lines, done));
            let batch = next_batch(&queue);
            assert_eq!((batch.bytes.len(), lines.rest().len()), (length, 0));
            assert_eq!(batch.bytes.as_ptr() == buffer, given && done == 0, "{length} {done}");
        }
    }
}

#[test]
fn what_waits_for_the_lock_is_no_backlog_of_our_own() {
    let queue = queue_of("one\n");
    assert_eq!((queue.own_backlog(), queue.locking_since(0)), (4, None), "no thread looks yet");
    assert!(queue.has_work());
    let since = queue.locking_since(4);
    assert!(since.is_some() && queue.locking_since(5).is_none());
    assert!(queue.has_work());
    assert_eq!((queue.locking_since(4), queue.own_backlog()), (since, 0), "it still waits");
    assert!(queue.begin());
    assert_eq!((queue.locking_since(0), queue.own_backlog()), (None, 4));
    queue.fails();
    assert_eq!((queue.locking_since(0), queue.own_backlog()), (None, 0));
    let (began, pause) = (Instant::now(), Duration::from_millis(2));
    queue.wait_to_retry(pause);
    assert!(began.elapsed() >= pause);
    let batch = next_batch(&queue);
    queue.put_back(batch, 4);
    queue.done(4);
    assert!(!queue.is_idle(), "the appender has not come back");
    assert!(!queue.has_work() && queue.is_idle() && queue.is_settled());
}

#[test]
fn a_closed_queue_is_done_when_it_is_empty() {
    let queue = queue_of("one\n");
    queue.close();
    assert!(queue.wait_for_work() && queue.begin());
    let batch = next_batch(&queue);
    queue.put_back(batch, 4);
    queue.done(4);
    assert!(!queue.wait_for_work());
}

#[test]
fn lines_that_were_dropped_are_reported_at_the_latest_when_the_queue_is_closed() {
    let queue = queue(4);
    assert_eq!(queue.push_or_drop(b"one\n"[..].into()), 0);
    assert_eq!(queue.push_or_drop(b"two\n"[..].into()), 1);
    queue.close();
    queue.close();
    let report = next_batch(&queue).bytes;
    assert_eq!(newlines(&report), 2, "the line and one report");
}

#[test]
fn given_up_records_come_back_and_are_not_appended() {
    for (begun, stuck) in [(false, false), (true, true)] {
        let queue = queue_of("one\ntwo\n");
        assert!(queue.has_work());
        assert!(!begun || queue.begin());
        assert!(!queue.is_abandoned());
        // Only an append in progress is waited for.
        let grace = if begun { Duration::ZERO } else { Duration::MAX };
        let (lines, spooled, appending) = queue.abandon(grace);
        assert_eq!((&lines[..], spooled.len(), appending), (&b"one\ntwo\n"[..], 0, stuck));
        assert!(queue.is_abandoned() && !queue.begin() && !queue.has_work());
        assert!(!queue.wait_for_work());
        // It does not wait either, though a second has not passed.
        queue.wait_to_retry(Duration::MAX);
        queue.close();
        assert!(queue.is_abandoned());
    }
    let queue = queue(1000);
    queue.push_spooled(spooled(b"one\n"));
    assert_eq!(queue.abandon(Duration::ZERO).1.len(), 1);
}
