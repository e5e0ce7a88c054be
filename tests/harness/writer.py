"""A Python peer: writes numbered lines through concurrent-log-handler.

Usage: writer.py LOG MAX_BYTES BACKUPS GZIP NAME COUNT [fcntl | records]

Prints "ready" and waits for a line on standard input, so that all writers start
at once. If a line cannot be written, it ends with status 3: the package itself
would only print a traceback and go on without the line.

With "records" it writes records of many lines.

With "fcntl" it locks by fcntl instead of flock, as Windows programs do under
Wine.
"""

import logging
import os
import sys
import time
import traceback

import portalocker.portalocker
from concurrent_log_handler import ConcurrentRotatingFileHandler


def fail(_record):
    traceback.print_exc()
    sys.stderr.flush()
    os._exit(3)


def line(name, seq):
    """The same as `numbered` in numbered.rs."""
    return f"{name} {seq} " + chr(ord("a") + seq % 26) * (seq * 7 % 90)


def record(name, seq):
    """The same as `record` in together.rs, without its last newline."""
    lines = [f"Traceback {name} {seq}", *(f"  {name} {seq} {n}" for n in range(4 + seq * 7 % 36))]
    return "\n".join(lines)


log, max_bytes, backups, gzip, name, count, *how = sys.argv[1:]
if how == ["fcntl"]:
    portalocker.portalocker.LOCKER = portalocker.portalocker.LockfLocker()
handler = ConcurrentRotatingFileHandler(
    log, maxBytes=int(max_bytes), backupCount=int(backups), use_gzip=gzip == "1", encoding="utf-8"
)
handler.setFormatter(logging.Formatter("%(message)s"))
handler.handleError = fail

print("ready", flush=True)
sys.stdin.readline()
for seq in range(int(count)):
    text = record(name, seq) if how == ["records"] else line(name, seq)
    handler.handle(logging.makeLogRecord({"msg": text}))
    if name[-1] in "1357":  # with pauses, like `feed` in neighbours.rs
        time.sleep(0.00005)
handler.close()
