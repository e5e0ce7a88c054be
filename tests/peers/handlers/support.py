"""The common parts of the tests of the Python handlers."""

import contextlib
import fcntl
import glob
import gzip
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

from clh_tee import ConcurrentRotatingFileHandler

#: A generous limit for what should happen at once.
SOON = 30


class Case(unittest.TestCase):
    """A test with its own directory and a log in it."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="clh-tee-test")
        self.addCleanup(shutil.rmtree, self.dir)
        self.log = self.path("app.log")

    def path(self, name):
        return os.path.join(self.dir, name)

    def handler(self, *args, kind=ConcurrentRotatingFileHandler, **kwargs):
        handler = kind(self.log, *args, **kwargs)
        self.addCleanup(close, handler)
        return handler

    def until(self, what, condition):
        end = time.monotonic() + SOON
        while not condition():
            self.assertLess(time.monotonic(), end, f"waited in vain: {what}")
            time.sleep(0.005)

    def text(self, log=None):
        return "".join(texts(log or self.log))

    def lines(self, log=None):
        return self.text(log).splitlines()

    def until_in_log(self, lines):
        self.until(f"the log has {len(lines)} lines", lambda: len(self.lines()) >= len(lines))
        self.assertEqual(self.lines(), lines)

    def start(self, program, *args, **kwargs):
        """Starts a program in Python; LOG is the log, and log its logger."""
        program = PROLOGUE + textwrap.dedent(program)
        command = [sys.executable, "-B", "-c", program, self.log, *args]
        process = subprocess.Popen(command, cwd=self.dir, text=True, **kwargs)
        self.addCleanup(end, process)
        return process

    def run_program(self, program, *args, status=0, **kwargs):
        """Runs a program in Python to its end; returns what it wrote to standard error."""
        process = self.start(program, *args, stderr=subprocess.PIPE, **kwargs)
        _, err = process.communicate(timeout=SOON * 2)
        self.assertEqual(process.returncode, status, err)
        return err

    def children(self):
        """Returns the clh-tee processes that write this test's log."""
        found = []
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                with open(f"/proc/{int(entry) if entry.isdigit() else 0}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
                if words[0].endswith(b"clh-tee") and self.log.encode() in words:
                    found.append(int(entry))
        return found

    @contextlib.contextmanager
    def lock_held(self):
        with open(self.path(".__app.lock"), "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


#: The beginning of the programs that tests start.
PROLOGUE = """
import logging, os, signal, sys, threading, time
from clh_tee import ConcurrentRotatingFileHandler, ConcurrentTimedRotatingFileHandler
LOG = sys.argv[1]
log = logging.getLogger()
log.setLevel(logging.INFO)
def use(handler):
    log.addHandler(handler)
    return handler
"""


def record(text, *args):
    return logging.makeLogRecord({"msg": text, "args": args, "levelno": logging.INFO, "levelname": "INFO"})


def close(handler):
    # The test may be about a clh-tee that cannot run.
    handler.timeout = min(handler.timeout, 10)
    with contextlib.suppress(OSError):
        handler.close()


def end(process):
    if process.poll() is None:
        process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            stream.close()


def files(log):
    """Returns the files of a numbered chain, oldest first."""

    def slot(path):
        return int(re.fullmatch(r"\.(\d+)(\.gz)?", path[len(log) :])[1])

    backups = [path for path in glob.glob(log + ".*") if re.search(r"\.\d+(\.gz)?$", path)]
    return [*sorted(backups, key=slot, reverse=True), log]


def texts(log):
    for path in files(log):
        with contextlib.suppress(FileNotFoundError):
            with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
                yield file.read().decode("utf-8", "surrogateescape")
