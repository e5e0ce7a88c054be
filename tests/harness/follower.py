"""A Python peer that logs each line of its standard input.

Usage: follower.py LOG MAX_BYTES BACKUPS

Backups are compressed. If a line cannot be written, it ends with status 3.
"""

import logging
import os
import sys
import traceback

from concurrent_log_handler import ConcurrentRotatingFileHandler


def fail(_record):
    traceback.print_exc()
    sys.stderr.flush()
    os._exit(3)


log, max_bytes, backups = sys.argv[1:]
handler = ConcurrentRotatingFileHandler(
    log, maxBytes=int(max_bytes), backupCount=int(backups), use_gzip=True, encoding="utf-8"
)
handler.setFormatter(logging.Formatter("%(message)s"))
handler.handleError = fail

for line in sys.stdin:
    handler.handle(logging.makeLogRecord({"msg": line.rstrip("\n")}))
handler.close()
