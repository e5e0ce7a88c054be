"""Lets the clh-tee and the concurrent-log-handler of one environment write one log.

Run by that environment's Python: one_log.py DIR. Four of each append numbered
lines to DIR/app.log while it rotates; then every line must stand in the log
and its backups once.
"""

import glob
import gzip
import logging
import os
import subprocess
import sys
import sysconfig
from collections import Counter

WRITERS, LINES, LIMIT, BACKUPS = 4, 3000, 64 * 1024, 100


def line(kind, writer, number):
    """Returns a line, not yet with its newline."""
    return f"{kind} {writer} line {number:05}"


def write_in_python(log, writer):
    """Appends one writer's lines by concurrent-log-handler."""
    from concurrent_log_handler import ConcurrentRotatingFileHandler

    handler = ConcurrentRotatingFileHandler(
        log, maxBytes=LIMIT, backupCount=BACKUPS, use_gzip=True
    )
    logging.getLogger().addHandler(handler)
    for number in range(LINES):
        logging.getLogger().warning(line("python", writer, number))


def start(log, writer):
    """Starts one writer of each kind."""
    python = subprocess.Popen([sys.executable, __file__, log, str(writer)])
    program = os.path.join(sysconfig.get_path("scripts"), "clh-tee")
    options = ["-q", "--gzip", f"--max-bytes={LIMIT}", f"--backups={BACKUPS}"]
    tee = subprocess.Popen([program, log, *options], stdin=subprocess.PIPE, text=True)
    return python, tee


def lines_of(log):
    """Returns how often each line stands in the log and its backups."""
    counts = Counter()
    for path in [log, *glob.glob(log + ".*")]:
        with (gzip.open if path.endswith(".gz") else open)(path, "rt") as file:
            counts.update(file.read().splitlines())
    return counts


def main(directory):
    """Starts all writers, waits for them, and counts what they have written."""
    log = os.path.join(directory, "app.log")
    started = [start(log, writer) for writer in range(WRITERS)]
    for number in range(LINES):
        for writer, (_, tee) in enumerate(started):
            tee.stdin.write(line("tee", writer, number) + "\n")
    for python, tee in started:
        tee.stdin.close()
        if tee.wait(120) or python.wait(120):
            raise SystemExit(f"a writer failed: {python} {tee}")
    numbers = [(w, n) for w in range(WRITERS) for n in range(LINES)]
    expected = Counter(line(kind, w, n) for kind in ["python", "tee"] for w, n in numbers)
    found = lines_of(log)
    if found != expected:
        missing, surplus = expected - found, found - expected
        raise SystemExit(f"missing: {list(missing)[:5]}, too often: {list(surplus)[:5]}")
    backups = len(glob.glob(log + ".*.gz"))
    if not backups:
        raise SystemExit("the log has not rotated")
    print(f"{found.total()} lines of {2 * WRITERS} writers, each once, in {backups} backups and the log")


if len(sys.argv) == 2:
    main(sys.argv[1])
else:
    write_in_python(sys.argv[1], sys.argv[2])
