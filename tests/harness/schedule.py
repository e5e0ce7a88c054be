"""Prints when Python would rotate, and how it would name the backup.

Usage: schedule.py SEED COUNT

Prints COUNT random cases, one a line, made from SEED: a zone, a unit, an
interval, a time of the day in seconds (- for none), 1 for UTC, the present
time, and the time of the next rotation so far. Then come the results of the
standard library's handler: the first time to rotate, the next one after a
rotation, and the stamp in the backup's name.
"""

import datetime
import logging.handlers
import os
import random
import sys
import time

ZONES = [
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Kathmandu",
    "UTC", "America/St_Johns", "America/Sao_Paulo", "America/Havana", "America/Santiago",
    "Asia/Beirut", "Asia/Tehran", "Africa/Cairo", "Africa/Casablanca", "Europe/Dublin",
    "Pacific/Apia", "Pacific/Auckland", "Antarctica/Troll", "Pacific/Chatham",
    "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "<+0330>-3:30",
    "AEST-10AEDT,M10.1.0,M4.1.0/3",
]  # fmt: skip
UNITS = ["S", "M", "H", "D", "MIDNIGHT"] + [f"W{day}" for day in range(7)]
FROM, TO = 978307200, 2840140800  # 2001 to 2060
DAY = 86400


def changes():
    """Finds when the zone's clock is changed, to within six hours."""
    times = range(FROM, TO, DAY // 4)
    before = time.localtime(FROM).tm_gmtoff
    for now in times:
        offset = time.localtime(now).tm_gmtoff
        if offset != before:
            yield now
        before = offset


def instant(dice, changes):
    kind = dice.randrange(4)
    if kind == 0 or not changes:
        return dice.randrange(FROM, TO)
    near = dice.choice(changes) + dice.randrange(-8 * DAY, 8 * DAY)
    if kind == 1:
        return near
    # On the hour, on the minute, or one second before.
    return near - near % dice.choice([60, 900, 3600, DAY]) - dice.randrange(2)


def case(dice, zone, changes):
    unit = dice.choice(UNITS)
    interval = dice.choice([1, 1, 1, 2, 3, 7, 24, 90])
    at = None
    if unit[0] in "MW" and unit != "M" and dice.randrange(2):
        at = dice.choice([0, 1, 7200, 9000, 43200, DAY - 1, dice.randrange(DAY)])
    utc = dice.randrange(4) == 0
    now = instant(dice, changes)
    if at is not None and dice.randrange(4) == 0:
        local = time.gmtime(now) if utc else time.localtime(now)
        now += at - (local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec)  # often just then

    time_of_day = None if at is None else datetime.time(at // 3600, at // 60 % 60, at % 60)
    handler = logging.handlers.TimedRotatingFileHandler(
        "/dev/null/log", when=unit, interval=interval, delay=True, utc=utc, atTime=time_of_day
    )
    ended = now - dice.choice([0, 1, dice.randrange(2 * handler.interval), dice.randrange(90 * DAY)])
    first = handler.computeRollover(now)
    handler.rolloverAt = ended
    handler.rotate = lambda _log, backup: stamps.append(backup[len("/dev/null/log.") :])
    stamps = []
    really, time.time = time.time, lambda: now
    handler.doRollover()
    time.time = really
    at = "-" if at is None else at
    print(zone, unit, interval, at, int(utc), now, ended, first, handler.rolloverAt, stamps[0])


dice = random.Random(int(sys.argv[1]))
count = int(sys.argv[2])
for zone in ZONES:
    os.environ["TZ"] = zone
    time.tzset()
    found = list(changes())
    for _ in range(count // len(ZONES)):
        case(dice, zone, found)
