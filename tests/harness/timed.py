"""A Python peer that rotates by the clock and carries out orders.

Each line of standard input is an order: words separated by tabs. The answer is
"ok" when the order has been carried out:

    zone NAME         the local time zone
    time SECONDS      the time that the clock shows from now on
    start WRITER LOG WHEN INTERVAL AT UTC BACKUPS MAX_BYTES GZIP
    line WRITER TEXT
    stop WRITER
"""

import datetime
import logging
import os
import sys
import time

from concurrent_log_handler import ConcurrentTimedRotatingFileHandler


def fail(_record):
    raise  # raises the exception being handled, which ends the script


def start(log, when, interval, at, utc, backups, max_bytes, gzip):
    handler = ConcurrentTimedRotatingFileHandler(
        log,
        when=when,
        interval=int(interval),
        atTime=datetime.time.fromisoformat(at) if at else None,
        utc=utc == "1",
        backupCount=int(backups),
        maxBytes=int(max_bytes),
        use_gzip=gzip == "1",
        encoding="utf-8",
    )
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.handleError = fail
    return handler


writers = {}
for order in sys.stdin:
    verb, *words = order.rstrip("\n").split("\t")
    if verb == "zone":
        os.environ["TZ"] = words[0]
        time.tzset()
    elif verb == "time":
        now = float(words[0])
        time.time = lambda: now
    elif verb == "start":
        writers[words[0]] = start(*words[1:])
    elif verb == "line":
        writers[words[0]].handle(logging.makeLogRecord({"msg": words[1]}))
    elif verb == "stop":
        writers.pop(words[0]).close()
    print("ok", flush=True)
