"""Does many cases of the differential test in one go, for Python starts slowly.

Usage: cases.py FILE

Each line of FILE is one case: a directory, the path of a file whose lines are
logged, one record each, MAX_BYTES, BACKUPS, GZIP (0 or 1), and the log's name,
its bytes in hexadecimal.
"""

import logging
import os
import sys

from concurrent_log_handler import ConcurrentRotatingFileHandler


def fail(_record):
    raise  # the exception that is being handled, which ends the script


def do_case(log, max_bytes, backups, gzip, records):
    handler = ConcurrentRotatingFileHandler(
        log, maxBytes=max_bytes, backupCount=backups, use_gzip=gzip, encoding="utf-8", newline=""
    )
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.handleError = fail
    for record in records:
        handler.handle(logging.makeLogRecord({"msg": record}))
    handler.close()


for case in open(sys.argv[1], encoding="ascii"):
    directory, source, max_bytes, backups, gzip, name = case.split()
    with open(source, "rb") as file:
        text = file.read().decode("utf-8")
    records = text.split("\n")
    if records[-1] == "":  # what follows the last newline is no line
        records.pop()
    log = os.path.join(directory, os.fsdecode(bytes.fromhex(name)))
    do_case(log, int(max_bytes), int(backups), gzip == "1", records)
