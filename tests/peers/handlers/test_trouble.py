"""Trouble is reported, costs as few records as possible, and lost records are counted."""

import contextlib
import io
import os
import re
import signal
import time

from support import Case, record

from clh_tee import ClhTeeError, ConcurrentRotatingFileHandler, ConcurrentTimedRotatingFileHandler


def dropped_in(lines):
    """Returns the numbers in the log's lines about dropped records."""
    report = r"clh-tee: (\d+) records? dropped from \S+Z to \S+Z, the pipe was full"
    found = [re.fullmatch(report, line) for line in lines]
    return [int(match[1]) for match in found if match]


class Trouble(Case):
    def said(self, handler, text):
        """Emits a record; returns what handleError prints."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            handler.handle(record(text))
        return said.getvalue()

    def kill(self, handler, number):
        process = handler._pipe._process
        process.send_signal(number)
        self.until("it ends", lambda: handler._pipe._death.poll(0))

    def test_a_clh_tee_that_is_killed_is_replaced(self):
        handler = self.handler()
        handler.handle(record("one"))
        handler.flush()
        # It cannot read the pipe now.
        handler._pipe._process.send_signal(signal.SIGSTOP)
        handler.handle(record("two"))
        self.kill(handler, signal.SIGKILL)
        self.assertIn("was killed by signal 9", self.said(handler, "three"))
        self.until("a new one starts", lambda: not self.said(handler, "more") and handler._pipe._process)
        handler.flush()
        self.assertEqual(self.lines()[:4], ["one", "two", "three", "more"])
        self.assertEqual(handler.dropped, 0)

    def test_one_that_was_told_to_end_costs_nothing(self):
        handler = self.handler()
        for number in range(5):
            handler.handle(record("line %d", number))
            handler.flush()
            self.kill(handler, signal.SIGTERM)
        self.assertEqual(self.said(handler, "line 5"), "")
        handler.flush()
        self.assertEqual(self.lines(), [f"line {number}" for number in range(6)])

    def test_one_that_dies_before_a_flush(self):
        handler = self.handler()
        handler.handle(record("one"))
        handler.flush()
        handler._pipe._process.send_signal(signal.SIGSTOP)
        handler.handle(record("two"))
        handler._pipe._started = 0.0
        self.kill(handler, signal.SIGKILL)
        with self.assertRaisesRegex(ClhTeeError, "killed by signal 9"):
            handler.flush()
        handler.flush()
        self.assertEqual(self.lines(), ["one", "two"])

    def test_one_that_cannot_start_is_reported_at_widening_intervals(self):
        self.log = self.path("missing/app.log")
        handler = self.handler()
        pipe = handler._pipe
        first = self.said(handler, "one")
        self.assertRegex(first, "failed with status 1")
        waits = []
        for number in range(7):
            waits.append(pipe._retry_at - time.monotonic())
            self.assertEqual(self.said(handler, f"quiet {number}"), "")
            pipe._retry_at = 0.0
            self.assertRegex(self.said(handler, f"loud {number}"), "failed with status 1")
        for wait, expected in zip(waits, [1, 2, 4, 8, 16, 32, 60]):
            self.assertTrue(expected - 0.9 < wait <= expected, waits)
        # The records wait in the pipe.
        os.mkdir(self.path("missing"))
        pipe._retry_at = 0.0
        self.assertEqual(self.said(handler, "last"), "")
        handler.flush()
        lines = self.lines()
        self.assertEqual((lines[0], lines[-1], len(lines)), ("one", "last", 16))
        self.assertEqual(handler.dropped, 0)

    def test_without_clh_tee_records_beyond_the_pipe_are_dropped_and_counted(self):
        self.log = self.path("missing/app.log")
        handler = self.handler()
        self.said(handler, "one")
        for number in range(300):
            self.assertEqual(self.said(handler, f"line {number} {'x' * 1000}"), "")
        dropped = handler.dropped
        self.assertTrue(0 < dropped < 300, dropped)
        os.mkdir(self.path("missing"))
        handler._pipe._retry_at = 0.0
        self.said(handler, "in again")
        self.said(handler, "last")
        handler.flush()
        lines = self.lines()
        self.assertEqual(lines[-2:], ["in again", "last"])
        self.assertEqual(dropped_in(lines), [dropped])
        self.assertEqual((len(lines), handler.dropped), (303 - dropped + 1, dropped))

    def test_a_program_that_is_missing(self):
        handler = self.handler()
        found = handler._pipe._command[0]
        handler._pipe._command[0] = self.path("no-such-program")
        self.assertIn("FileNotFoundError", self.said(handler, "one"))
        with self.assertRaises(OSError):
            handler.flush()
        handler._pipe._command[0] = found
        handler._pipe._retry_at = 0.0
        handler.flush()
        self.assertEqual(self.lines(), ["one"])

    def test_a_full_pipe_drops_if_asked_to(self):
        handler = self.handler(block=False)
        handler.handle(record("first"))
        handler.flush()
        with self.lock_held():
            begin = time.monotonic()
            # More than the pipe and clh-tee's queue hold.
            for number in range(1200):
                handler.handle(record("line %d %s", number, "x" * 20_000))
            dropped = handler.dropped
            self.assertGreater(dropped, 0)
            self.assertLess(time.monotonic() - begin, 30)
        handler.flush()
        handler.handle(record("last"))
        handler.flush()
        lines = self.lines()
        self.assertEqual((lines[0], lines[-1]), ("first", "last"))
        reports = dropped_in(lines)
        self.assertEqual((sum(reports), handler.dropped), (dropped, dropped))
        kept = [line.split() for line in lines if line.startswith("line ")]
        self.assertEqual(len(lines), len(kept) + len(reports) + 2)
        self.assertEqual(len(kept), 1200 - dropped)
        numbers = [int(number) for _, number, _ in kept]
        self.assertEqual(numbers, sorted(numbers))
        self.assertEqual({len(rest) for _, _, rest in kept}, {20_000})

    def test_a_full_pipe_makes_the_caller_wait(self):
        import threading

        handler = self.handler(options=["--buffer", "64K"])
        handler.handle(record("first"))
        handler.flush()
        texts = [f"line {number} {'x' * 20_000}" for number in range(300)]
        with self.lock_held():
            writer = threading.Thread(target=lambda: [handler.handle(record(text)) for text in texts])
            writer.start()
            self.until("the pipe is full", lambda: handler._pipe._unread() > 50_000 or not writer.is_alive())
            self.assertTrue(writer.is_alive())
        writer.join()
        handler.flush()
        self.assertEqual((self.lines(), handler.dropped), (["first", *texts], 0))

    def test_flush_has_a_limit(self):
        handler = self.handler()
        handler.handle(record("one"))
        handler.flush()
        handler.timeout = 0.2
        with self.lock_held():
            handler.handle(record("two"))
            for _ in range(3):
                with self.assertRaises(TimeoutError):
                    handler.flush()
        handler.timeout = 30
        handler.flush()
        self.assertEqual(self.lines(), ["one", "two"])

    def test_a_link_is_refused_with_its_target(self):
        os.symlink("other.log", self.log)
        with self.assertRaisesRegex(ValueError, re.escape(self.path("other.log"))):
            ConcurrentRotatingFileHandler(self.log)

    def test_a_rotation_that_fails_costs_nothing(self):
        os.mkdir(self.path("app.log.1"))
        handler = self.handler(maxBytes=10, backupCount=1)
        for number in range(10):
            handler.handle(record("line %d", number))
        handler.flush()
        with open(self.log) as file:
            self.assertEqual(file.read().splitlines(), [f"line {number}" for number in range(10)])

    def test_an_unknown_option_is_reported(self):
        handler = self.handler(kind=ConcurrentTimedRotatingFileHandler, options=["--no-such"])
        self.assertIn("failed with status 2", self.said(handler, "one"))
