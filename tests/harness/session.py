"""A Python writer that tests kill: logs the lines of a file, one record each.

Usage: session.py LOG MAX_BYTES BACKUPS GZIP FILE

Prints "ready" when it is about to write, and begins when a line arrives on
standard input.
"""

import logging
import sys

from concurrent_log_handler import ConcurrentRotatingFileHandler

log, max_bytes, backups, gzip, source = sys.argv[1:]
handler = ConcurrentRotatingFileHandler(
    log, maxBytes=int(max_bytes), backupCount=int(backups), use_gzip=gzip == "1", encoding="utf-8"
)
handler.setFormatter(logging.Formatter("%(message)s"))
with open(source, encoding="utf-8") as file:
    records = file.read().splitlines()

print("ready", flush=True)
sys.stdin.readline()
for record in records:
    handler.handle(logging.makeLogRecord({"msg": record}))
handler.close()
