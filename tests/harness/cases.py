"""Does many cases of the differential test in one run, because Python starts slowly.

Usage: cases.py FILE

Each line of FILE is one case: a directory; the path of a file of records to log;
what ends each of them, 0a or 00; MAX_BYTES; BACKUPS; GZIP (0 or 1); and the log's
name in hexadecimal.
"""

import logging
import os
import sys

from concurrent_log_handler import ConcurrentRotatingFileHandler


def fail(_record):
    raise  # raises the exception being handled, which ends the script


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
    directory, source, end, max_bytes, backups, gzip, name = case.split()
    with open(source, "rb") as file:
        text = file.read().decode("utf-8")
    records = text.split(bytes.fromhex(end).decode())
    if records[-1] == "":  # the text after the last newline is not a line
        records.pop()
    log = os.path.join(directory, os.fsdecode(bytes.fromhex(name)))
    do_case(log, int(max_bytes), int(backups), gzip == "1", records)
