"""A clh-tee process, and the pipe that it reads.

    emit() --- write(2) ---> pipe ---> clh-tee ---> log
                              |           |
       we keep its read end --+           +--- a newline when it is ready, and one
                                               for each flush that we ask for

We hold both ends of the pipe, so it survives a clh-tee that is killed: the next one reads
what the last one left, and a write never finds the pipe closed. When this process ends, in
any way, the system closes our ends; clh-tee then reads the rest and ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
import weakref
from collections import deque
from collections.abc import Sequence
from typing import Any, Optional

#: Ends a record in the pipe.
END = b"\0"

#: How long to wait for a new clh-tee before going on without knowing whether it is ready.
_START = 10.0

#: A clh-tee that ends sooner than this counts as one that cannot start.
_YOUNG = 1.0

#: The longest interval between two attempts to start it.
_LONGEST = 60.0


class ClhTeeError(OSError):
    """clh-tee could not start, or ended with an error."""


# Held while a process starts, so that no fork copies descriptors that are not yet known here.
_starting = threading.RLock()
_pipes: weakref.WeakSet[Pipe] = weakref.WeakSet()
#: The multiprocessing child that flushes at its end.
_flushed_at_end = 0


class Pipe:
    """Writes records for one log. Callers hold a lock, but a signal handler may interrupt them."""

    def __init__(self, command: Sequence[str], block: bool) -> None:
        self._command = list(command)
        self._block = block
        self._reset()
        _pipes.add(self)

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._read_end = self._write_end = self._answers = -1
        self._process: Optional[subprocess.Popen[bytes]] = None
        # Becomes ready when the process ends.
        self._death = select.poll()
        self._started = 0.0
        # Whole records that are not in the pipe yet, and the rest of one that is partly there.
        self._records: deque[bytes] = deque()
        self._rest = memoryview(b"")
        self._begun = False
        self._busy = False
        # Whether clh-tee owes us a newline.
        self._asked = False
        # Whether it has answered before.
        self._ready = False
        # Whether everything written is in the log.
        self._settled = True
        self._failures = 0
        self._retry_at = 0.0
        self._problem: Optional[Exception] = None
        # Dropped records not reported in the log yet: how many, since when, and until when.
        self._unreported = (0, 0.0, 0.0)
        #: How many records were dropped.
        self.dropped = 0

    def __del__(self) -> None:
        # The system closes them too, but a program may replace its handlers many times.
        self._close_ends()

    # Writing

    def write(self, record: bytes) -> None:
        """Writes a record, which must not contain NUL.

        If clh-tee is in trouble, raises the error, once and then at growing intervals. The
        record is in the pipe nevertheless, unless that is full.
        """
        self._note_fork()
        self._records.append(record + END)
        if self._busy:
            # A signal handler called us; the call that it interrupted writes this record, too.
            return
        self._busy = True
        try:
            self._settled = False
            self._attend()
            self._push(self._block)
        finally:
            self._busy = False
        self._raise_problem()

    def _push(self, wait: bool, drop: bool = True) -> None:
        """Writes records that are not in the pipe yet. If it is full, waits or drops records."""
        records = self._records
        if self._write_end < 0:
            # No descriptors are left.
            return self._drop()
        while records or self._rest:
            try:
                if not self._rest:
                    self._report_dropped()
                    record = records.popleft()
                    if len(record) > select.PIPE_BUF:
                        # Written in pieces. If a signal interrupts us, the next call continues it.
                        self._rest, self._begun = memoryview(record), False
                    else:
                        self._write_whole(record)
                        continue
                self._rest = self._rest[os.write(self._write_end, self._rest) :]
                self._begun = True
            except BlockingIOError:
                if not self._waits_for_room(wait):
                    if drop:
                        self._drop()
                    return

    def _write_whole(self, record: bytes) -> None:
        try:
            os.write(self._write_end, record)
        except BlockingIOError:
            self._records.appendleft(record)
            raise

    def _waits_for_room(self, wait: bool) -> bool:
        """Waits until the pipe has room. Returns False if there is nothing to wait for."""
        poll = select.poll()
        while wait and self._process is not None:
            poll.register(self._write_end, select.POLLOUT)
            poll.register(self._answers, 0)
            ready = [fd for fd, _ in poll.poll()]
            if self._write_end in ready:
                return True
            poll.unregister(self._answers)
            self._attend()
        return False

    def _drop(self) -> None:
        # If its beginning is in the pipe, the rest must follow.
        if self._rest and not self._begun:
            self._records.append(self._rest.tobytes())
            self._rest = memoryview(b"")
        count, first, _ = self._unreported
        now = time.time()
        self._unreported = (count + len(self._records), first or now, now)
        self.dropped += len(self._records)
        self._records.clear()

    def _report_dropped(self) -> None:
        """Writes how many records were dropped, before the next one."""
        count, *moments = self._unreported
        if count:
            first, last = (time.strftime("%FT%TZ", time.gmtime(moment)) for moment in moments)
            noun = "record" if count == 1 else "records"
            text = f"clh-tee: {count} {noun} dropped from {first} to {last}, the pipe was full"
            os.write(self._write_end, text.encode() + END)
            self._unreported = (0, 0.0, 0.0)

    # The process

    def _attend(self) -> None:
        """Starts a clh-tee if none runs and an attempt is due; records an error."""
        if self._process is not None:
            if not self._death.poll(0):
                return
            self._bury()
        if time.monotonic() >= self._retry_at:
            try:
                self._start()
            except (OSError, RuntimeError) as error:
                # RuntimeError: the interpreter ends.
                self._back_off()
                self._problem = error

    def _start(self) -> None:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("CLH_TEE_")
        }
        with _starting:
            if self._write_end < 0:
                self._read_end, self._write_end = os.pipe()
                os.set_blocking(self._write_end, False)
            self._answers, theirs = os.pipe()
            try:
                # In its own session it survives Ctrl-C and the end of the terminal.
                self._process = subprocess.Popen(
                    self._command,
                    stdin=self._read_end,
                    stdout=theirs,
                    env=environment,
                    start_new_session=True,
                )
            except BaseException:
                os.close(self._answers)
                self._answers = -1
                raise
            finally:
                os.close(theirs)
        self._death = select.poll()
        self._death.register(self._answers, 0)
        self._started = time.monotonic()
        # Once it is ready it handles signals.
        self._asked, self._ready = True, False
        if self._answer(self._started + _START) == "":
            self._bury()
        _flush_at_end_of_child()

    def _bury(self) -> None:
        """Records how a clh-tee ended that has closed its standard output."""
        process, self._process = self._process, None
        os.close(self._answers)
        self._answers, self._asked = -1, False
        if process is None:
            return
        try:
            status: Optional[int] = process.wait(_YOUNG)
        except subprocess.TimeoutExpired:
            status = None
        if status:
            how = (
                f"was killed by signal {-status}" if status < 0 else f"failed with status {status}"
            )
            log = self._command[-1]
            self._problem = ClhTeeError(f"clh-tee for {log!r} {how}; standard error may say why")
        if not status and self._ready:
            # It was asked to end.
            self._retry_at = 0.0
        elif time.monotonic() - self._started < _YOUNG:
            self._back_off()
        else:
            self._failures = 0

    def _back_off(self) -> None:
        self._retry_at = time.monotonic() + min(2.0**self._failures, _LONGEST)
        self._failures += 1

    def _raise_problem(self) -> None:
        problem, self._problem = self._problem, None
        if problem is not None:
            raise problem

    # Flushing and ending

    def flush(self, timeout: float) -> None:
        """Waits until everything written is in the log.

        Raises TimeoutError after `timeout` seconds, and ClhTeeError if no clh-tee runs.
        """
        self._note_fork()
        if not self._settled and not self._busy:
            self._busy = True
            # There may be no other chance: this may be the flush at the end of the interpreter.
            self._retry_at = 0.0
            try:
                self._ask(time.monotonic() + timeout)
            finally:
                self._busy = False

    def rotate(self, timeout: float) -> None:
        """Rotates the log, unless it is empty, once everything written is in it."""
        self.flush(timeout)
        if not self._busy:
            self._busy = True
            try:
                self._ask(time.monotonic() + timeout, signal.SIGUSR2)
            finally:
                self._busy = False

    def _ask(self, until: float, *signals: signal.Signals) -> None:
        """Asks clh-tee to flush until it has done that with an empty pipe."""
        while True:
            self._attend()
            process = self._process
            if process is None:
                self._raise_problem()
                raise ClhTeeError(f"no clh-tee runs for {self._command[-1]!r}")
            self._push(False, drop=False)
            # An answer that it already owes belongs to an earlier request.
            settles = not (self._asked or self._rest or self._records or self._unread())
            if not self._asked:
                for number in (*signals, signal.SIGUSR1):
                    process.send_signal(number)
                self._asked, signals = True, ()
            answer = self._answer(until)
            if answer is None:
                log = self._command[-1]
                raise TimeoutError(f"clh-tee still has records that are not in {log!r}")
            if answer and settles:
                self._settled = True
                return self._raise_problem()

    def _unread(self) -> int:
        """Returns how many bytes the pipe holds."""
        count = fcntl.ioctl(self._read_end, termios.FIONREAD, struct.pack("i", 0))
        return int(struct.unpack("i", count)[0])

    def _answer(self, until: float) -> Optional[str]:
        """Waits for the newline that clh-tee owes. Returns "" if it has ended, None on timeout."""
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        left = max(0.0, until - time.monotonic())
        if not poll.poll(left * 1000):
            return None
        answer = os.read(self._answers, 1).decode()
        if answer:
            self._asked, self._ready = False, True
        return answer

    def close(self, timeout: float) -> None:
        """Lets clh-tee append everything and end, and waits for that."""
        self._note_fork()
        until = time.monotonic() + timeout
        try:
            self.flush(timeout)
        finally:
            process, self._process = self._process, None
            answers, self._answers = self._answers, -1
            dropped = self.dropped
            self._close_ends()
            self._reset()
            self.dropped = dropped
            if process is not None:
                poll = select.poll()
                poll.register(answers, 0)
                # An unnoticed forked process may keep the pipe open; everything is in the log.
                if poll.poll(max(0.0, min(_YOUNG, until - time.monotonic())) * 1000):
                    process.wait()
                os.close(answers)

    def _close_ends(self) -> None:
        for end in (self._write_end, self._read_end, self._answers):
            if end >= 0:
                os.close(end)
        self._write_end = self._read_end = self._answers = -1

    # Forks

    def _note_fork(self) -> None:
        # Not every fork runs Python's hooks; uwsgi's may not.
        if self._pid != os.getpid():
            self.leave_to_parent()

    def leave_to_parent(self) -> None:
        """In a forked child: gives up the pipe and the waiting records, which are the parent's."""
        if self._process is not None:
            # Nor is the process our child.
            self._process.returncode = 0
        self._close_ends()
        self._reset()


def _flush_at_end_of_child() -> None:
    """A child of multiprocessing ends without logging.shutdown, and a process that waits for it may
    look at the log at once."""
    global _flushed_at_end
    multiprocessing: Any = sys.modules.get("multiprocessing.util")
    if multiprocessing is None or _flushed_at_end == os.getpid():
        return
    if sys.modules["multiprocessing"].parent_process() is not None:
        multiprocessing.Finalize(None, _close_all, exitpriority=0)
        _flushed_at_end = os.getpid()


def _close_all() -> None:
    for pipe in list(_pipes):
        # If it takes too long, clh-tee goes on by itself.
        with contextlib.suppress(OSError):
            pipe.close(_START)


def _before_fork() -> None:
    _starting.acquire()


def _after_fork_in_parent() -> None:
    _starting.release()


def _after_fork_in_child() -> None:
    global _starting
    _starting = threading.RLock()
    for pipe in list(_pipes):
        pipe.leave_to_parent()


os.register_at_fork(
    before=_before_fork,
    after_in_parent=_after_fork_in_parent,
    after_in_child=_after_fork_in_child,
)
