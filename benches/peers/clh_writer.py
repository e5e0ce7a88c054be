"""Logs through concurrent-log-handler, for comparison.

Usage: clh_writer.py write LOG MAX_BYTES BACKUPS GZIP
           logs each line of standard input, as it comes
       clh_writer.py rotate LOG BACKUPS COUNT
           rotates COUNT times and prints how many seconds one took

If a line cannot be logged, it ends with status 3: the package itself would only
print a traceback and go on without the line.
"""

import logging
import os
import sys
import time
import traceback

from concurrent_log_handler import ConcurrentRotatingFileHandler


def fail(_record):
    traceback.print_exc()
    sys.stderr.flush()
    os._exit(3)


def open_log(path, max_bytes, backups, use_gzip):
    handler = ConcurrentRotatingFileHandler(
        path, maxBytes=max_bytes, backupCount=backups, use_gzip=use_gzip, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.handleError = fail
    logger = logging.getLogger("bench")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    return logger, handler


def write(path, max_bytes, backups, use_gzip):
    logger, handler = open_log(path, int(max_bytes), int(backups), use_gzip == "1")
    for line in sys.stdin.buffer:
        logger.info(line.decode().removesuffix("\n"))
    handler.close()
    # The time that Python takes to end does not count.
    os._exit(0)


def rotate(path, backups, count):
    logger, handler = open_log(path, 0, int(backups), False)
    taken = 0.0
    for number in range(int(count)):
        logger.info("line %d", number)
        # Only the rotation is timed, from lock to unlock. That includes the new
        # log, which the handler would leave to the next line.
        handler._do_lock()
        began = time.perf_counter()
        handler.doRollover()
        handler.stream = handler.do_open()
        taken += time.perf_counter() - began
        handler._do_unlock()
    print(taken / int(count))


{"write": write, "rotate": rotate}[sys.argv[1]](*sys.argv[2:])
