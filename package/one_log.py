"""Lets clh-tee, its Python handlers and concurrent-log-handler write one log.

Run it with the Python of an environment that has both: one_log.py DIR. Twelve processes append
numbered records of several lines while the log rotates: four through the handlers of
clh_tee, four through concurrent-log-handler's, and four through clh-tee in a pipe. Half of
those in Python are configured by fileConfig, and half by dictConfig. That is done once with
the handlers that rotate by size, and once with those that rotate by the clock. Afterwards
each writer's records must be there: whole, once, and in order.
"""

import configparser
import glob
import gzip
import json
import logging
import logging.config
import os
import re
import subprocess
import sys
import sysconfig
import time

WRITERS, RECORDS, LIMIT, BACKUPS = 4, 2000, 64 * 1024, 999
KINDS = ["clh_tee", "concurrent_log_handler"]
SIZED, TIMED = "ConcurrentRotatingFileHandler", "ConcurrentTimedRotatingFileHandler"
OPTIONS = {
    SIZED: ["--null"],
    TIMED: ["--null", "--when=S", "--interval=2"],
}


def text(name, number):
    """Returns a record."""
    return f"={name} {number:05}" + "\n  and more of it" * (number % 4)


def configure(kind, handler, log, by_file):
    """Configures logging as a program's settings would."""
    settings = {"maxBytes": LIMIT, "backupCount": BACKUPS, "use_gzip": True}
    if handler == TIMED:
        settings.update({"when": "S", "interval": 2})
    if by_file:
        config = configparser.RawConfigParser()
        config.read_dict({
            "loggers": {"keys": "root"},
            "handlers": {"keys": "file"},
            "formatters": {"keys": "plain"},
            "logger_root": {"level": "INFO", "handlers": "file"},
            "handler_file": {
                "class": f"{kind}.{handler}",
                "formatter": "plain",
                "args": f"({log!r},)",
                "kwargs": repr(settings),
            },
            "formatter_plain": {"format": "%(message)s"},
        })
        logging.config.fileConfig(config)
    else:
        file = {"class": f"{kind}.{handler}", "filename": log, "formatter": "plain", **settings}
        logging.config.dictConfig({
            "version": 1,
            "formatters": {"plain": {"format": "%(message)s"}},
            "handlers": {"file": file},
            "root": {"level": "INFO", "handlers": ["file"]},
        })


def write(kind, handler, log, name, by_file):
    """Writes one writer's records."""
    configure(kind, handler, log, by_file)
    for number in range(RECORDS):
        logging.getLogger().info(text(name, number))


def start(handler, log):
    """Starts all writers, each by its name."""
    started = {}
    program = os.path.join(sysconfig.get_path("scripts"), "clh-tee")
    for number in range(WRITERS):
        for kind in KINDS:
            job = json.dumps([kind, handler, log, f"{kind}{number}", number % 2 == 0])
            started[f"{kind}{number}"] = subprocess.Popen([sys.executable, "-B", __file__, "", job])
        options = ["-q", "--gzip", f"--max-bytes={LIMIT}", f"--backups={BACKUPS}", *OPTIONS[handler]]
        started[f"tee{number}"] = subprocess.Popen([program, log, *options], stdin=subprocess.PIPE)
    return started


def chain(log, handler):
    """Returns the contents of the backups and the log, oldest first."""

    def place(path):
        end = path[len(log) + 1 :].removesuffix(".gz")
        if handler == SIZED:
            return -int(end)
        # A stamp and, if it was taken, a number.
        stamp, _, counter = end.partition(".")
        return stamp, int(counter or 0)

    for path in [*sorted(glob.glob(log + ".*"), key=place), log]:
        with (gzip.open if path.endswith(".gz") else open)(path, "rt") as file:
            yield file.read()


def check(handler, directory):
    """Lets all writers write one log, and checks it."""
    log = os.path.join(directory, f"{handler}.log")
    started = start(handler, log)
    begin = time.monotonic()
    for number in range(RECORDS):
        for name, process in started.items():
            if process.stdin:
                process.stdin.write(text(name, number).encode() + b"\0")
    for process in started.values():
        if process.stdin:
            process.stdin.close()
    for name, process in started.items():
        if process.wait(300):
            raise SystemExit(f"{name} failed: {process.returncode}")
    found = {name: [] for name in started}
    contents = list(chain(log, handler))
    for content in contents:
        if not (content.startswith("=") and content.endswith("\n")):
            raise SystemExit("a record is cut by a rotation")
        for record in re.split(r"(?m)^(?==)", content)[1:]:
            found[record[1:].split()[0]].append(record.removesuffix("\n"))
    for name, records in found.items():
        expected = [text(name, number) for number in range(RECORDS)]
        if records != expected:
            missing, surplus = set(expected) - set(records), set(records) - set(expected)
            raise SystemExit(
                f"{name}: {len(records)} records, {len(missing)} missing, mixed: {sorted(surplus)[:3]}"
            )
    if len(contents) < 5:
        raise SystemExit("the log has hardly rotated")
    print(
        f"{handler}: {len(found)} writers, {RECORDS * len(found)} records, each once, whole and in"
        f" order, in {len(contents) - 1} backups and the log ({time.monotonic() - begin:.1f} s)"
    )


if len(sys.argv) == 2:
    check(SIZED, sys.argv[1])
    check(TIMED, sys.argv[1])
else:
    write(*json.loads(sys.argv[2]))
