"""A Python peer that rotates every second: writes numbered lines.

Usage: timed_writer.py LOG GZIP NAME

Prints "ready" and waits for a line on standard input, so that all writers start
at once. It writes until there is another line, and prints how many it wrote.
"""

import logging
import os
import sys
import threading
import time
import traceback

from concurrent_log_handler import ConcurrentTimedRotatingFileHandler


def fail(_record):
    traceback.print_exc()
    sys.stderr.flush()
    os._exit(3)


def line(name, seq):
    """The same as `line` in contention.rs."""
    return f"{name} {seq} " + chr(ord("a") + seq % 26) * (seq * 7 % 90)


log, gzip, name = sys.argv[1:]
handler = ConcurrentTimedRotatingFileHandler(log, when="S", use_gzip=gzip == "1", encoding="utf-8")
handler.setFormatter(logging.Formatter("%(message)s"))
handler.handleError = fail

print("ready", flush=True)
sys.stdin.readline()
enough = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), enough.set()), daemon=True).start()
seq = 0
while not enough.is_set():
    handler.handle(logging.makeLogRecord({"msg": line(name, seq)}))
    seq += 1
    time.sleep(0.002)
handler.close()
print(seq, flush=True)
