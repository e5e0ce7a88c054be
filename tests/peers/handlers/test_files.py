"""The files are the same as concurrent-log-handler's, and both can write one log."""

import datetime
import gzip
import os
import re
import stat
import subprocess
import sys
import threading
import time

from concurrent_log_handler import ConcurrentRotatingFileHandler as TheirSized
from support import SOON, Case, record

from clh_tee import (
    ConcurrentRotatingFileHandler,
    ConcurrentTimedRotatingFileHandler,
    find_clh_tee_bin,
)

WRITER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "writer.py")


def contents(directory):
    """Returns the decompressed content of each file in a directory, by name."""
    found = {}
    for name in sorted(os.listdir(directory)):
        if name != ".__app.lock" and not (name.startswith(".__app.log.") and name.endswith(".gz")):
            with (gzip.open if name.endswith(".gz") else open)(os.path.join(directory, name), "rb") as file:
                found[name] = file.read()
    return found


class Sized(Case):
    def test_the_directory_is_the_same(self):
        for number, given in enumerate([
            {},
            {"maxBytes": 300},
            {"maxBytes": 300, "backupCount": 3},
            {"maxBytes": 300, "backupCount": 3, "use_gzip": True},
            {"maxBytes": 1, "backupCount": 20},
            {"maxBytes": 0, "backupCount": 3},
        ]):
            directories = []
            for kind in (TheirSized, ConcurrentRotatingFileHandler):
                directories.append(self.path(f"{kind.__module__}{number}"))
                os.mkdir(directories[-1])
                handler = kind(os.path.join(directories[-1], "app.log"), **given)
                for line in range(40):
                    handler.handle(record("record %d\n%s", line, "x" * (line * 7 % 60)))
                handler.close()
            theirs, ours = map(contents, directories)
            self.assertEqual(ours, theirs, given)

    def test_a_rollover_on_demand(self):
        handler = self.handler(backupCount=3)
        handler.doRollover()
        for text in ["one", "two"]:
            handler.handle(record(text))
            handler.doRollover()
        handler.handle(record("three"))
        handler.flush()
        self.assertEqual(
            contents(self.dir), {"app.log": b"three\n", "app.log.1": b"two\n", "app.log.2": b"one\n"}
        )

    def test_modes_are_right(self):
        before = os.umask(0o022)
        try:
            handler = self.handler(chmod=0o660, maxBytes=1, backupCount=3, use_gzip=True)
            for text in ["one", "two", "three"]:
                handler.handle(record(text))
            handler.close()
            other = self.path("other.log")
            with_umask = ConcurrentRotatingFileHandler(other, umask=0o027)
            with_umask.handle(record("one"))
            with_umask.close()
        finally:
            os.umask(before)
        modes = {name: stat.S_IMODE(os.stat(self.path(name)).st_mode) for name in os.listdir(self.dir)}
        self.assertEqual(modes.pop("other.log"), 0o640)
        modes.pop(".__other.lock")
        self.assertEqual(len(modes), 4)
        self.assertEqual(set(modes.values()), {0o660}, modes)

    def test_the_owner_may_be_given(self):
        import grp
        import pwd

        names = (pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name)
        handler = self.handler(owner=names)
        handler.handle(record("one"))
        handler.flush()
        self.assertEqual(self.lines(), ["one"])

    def test_the_lock_file_may_be_elsewhere(self):
        handler = self.handler(lock_file_directory=self.path("locks/here"))
        handler.handle(record("one"))
        handler.flush()
        self.assertEqual(sorted(os.listdir(self.dir)), ["app.log", "locks"])
        self.assertEqual(os.listdir(self.path("locks/here")), [".__app.lock"])

    def test_a_relative_name_is_that_of_the_start(self):
        err = self.run_program(
            """
            use(ConcurrentRotatingFileHandler("app.log", lock_file_directory="locks"))
            os.chdir("/")
            log.info("one")
            """
        )
        self.assertEqual((err, self.lines()), ("", ["one"]))


class Timed(Case):
    def timed(self, **kwargs):
        return self.handler(kind=ConcurrentTimedRotatingFileHandler, **kwargs)

    def test_each_unit_names_backups_as_python_does(self):
        for when, pattern in [
            ("s", "%Y-%m-%d_%H-%M-%S"),
            ("M", "%Y-%m-%d_%H-%M"),
            ("h", "%Y-%m-%d_%H"),
            ("D", "%Y-%m-%d"),
            ("midnight", "%Y-%m-%d"),
            ("W3", "%Y-%m-%d"),
        ]:
            self.log = self.path(f"{when}.log")
            handler = self.timed(when=when, utc=True)
            handler.handle(record("one"))
            handler.doRollover()
            handler.close()
            (name,) = [name for name in os.listdir(self.dir) if name.startswith(f"{when}.log.")]
            time.strptime(name[len(when) + 5 :], pattern)

    def test_it_rotates_by_the_clock_and_by_size(self):
        handler = self.timed(when="S", interval=1, maxBytes=1000, backupCount=99, use_gzip=True)
        expected = []
        while True:
            expected.append(f"line {len(expected)} {'x' * 90}")
            handler.handle(record(expected[-1]))
            stamps = {name[len("app.log.") :][:19] for name in os.listdir(self.dir) if ".gz" in name[7:]}
            if len({stamp for stamp in stamps if stamp[:2] == "20"}) > 1:
                break
            time.sleep(0.01)
        handler.flush()
        # Sorted by name: by the stamp, then by the number of the backup in its second.
        def place(name):
            found = re.fullmatch(r"app\.log\.(20[^.]*)(?:\.(\d+))?\.gz", name)
            return (found[1], int(found[2] or 0)) if found else ("3", 0)

        files = contents(self.dir)
        lines = b"".join(files[name] for name in sorted(files, key=place)).decode().splitlines()
        self.assertEqual(lines, expected)

    def test_threads_of_forked_processes_rotate_once(self):
        handler = self.timed(when="H", backupCount=5)
        handler.handle(record("init"))
        handler.flush()
        # The next rotation is due.
        with open(self.path(".__app.lock"), "w") as lock:
            lock.write(str(int(time.time()) - 10))
        pids = []
        for number in range(8):
            pids.append(os.fork())
            if pids[-1] == 0:
                threads = [threading.Thread(target=handler.emit, args=[record("one")]) for _ in range(3)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                handler.close()
                os._exit(0)
        for pid in pids:
            self.assertEqual(os.waitpid(pid, 0)[1], 0)
        files = contents(self.dir)
        self.assertEqual(len(files), 2)
        self.assertEqual(len(files["app.log"].splitlines()), 24)

    def test_names_that_are_no_dates_are_left_alone(self):
        handler = self.timed(when="D", backupCount=1)
        for name in ["2025-06-01", "2025-06-05", "9999-99-99", "old"]:
            with open(f"{self.log}.{name}", "w") as file:
                file.write(name)
        handler.handle(record("one"))
        handler.doRollover()
        handler.flush()
        left = sorted(name[8:] for name in contents(self.dir) if name != "app.log")
        today = [name for name in left if not re.match("2025|9999|old", name)]
        self.assertEqual(left, sorted([*today, "9999-99-99", "old"]))
        self.assertEqual(len(today), 1)

    def test_a_time_of_the_day(self):
        handler = self.timed(when="midnight", atTime=datetime.time(6, 30), utc=True)
        handler.handle(record("one"))
        handler.flush()
        with open(self.path(".__app.lock")) as lock:
            due = int(lock.read())
        self.assertEqual(due % 86400, 6 * 3600 + 30 * 60)
        self.assertTrue(0 < due - time.time() <= 86400)


class Together(Case):
    def test_twelve_processes_three_kinds_one_log(self):
        limit, count = 8 * 1024, 400
        settings = {"maxBytes": limit, "backupCount": 999, "use_gzip": True}
        writers = []
        for number in range(4):
            for kind in ["clh_tee", "concurrent_log_handler"]:
                command = [sys.executable, "-B", WRITER, kind, self.log, f"{kind}{number}", str(count), str(settings)]
                writers.append((f"{kind}{number}", subprocess.Popen(command)))
            options = ["-q", "--null", "--gzip", f"--max-bytes={limit}B", "--backups=999"]
            tee = subprocess.Popen([find_clh_tee_bin(), *options, self.log], stdin=subprocess.PIPE)
            writers.append((f"tee{number}", tee))
        for number in range(count):
            for name, process in writers:
                if process.stdin:
                    process.stdin.write(text(name, number).encode() + b"\0")
        for _, process in writers:
            if process.stdin:
                process.stdin.close()
            self.assertEqual(process.wait(SOON * 2), 0)
        found = {name: [] for name, _ in writers}
        records = re.split(r"(?m)^=", self.text())[1:]
        for entry in records:
            found[entry.split(" ", 1)[0]].append("=" + entry.removesuffix("\n"))
        for name, mine in found.items():
            self.assertEqual(mine, [text(name, number) for number in range(count)], name)
        self.assertGreater(len(os.listdir(self.dir)), 10)
        for body in contents(self.dir).values():
            self.assertTrue(body.startswith(b"=") and body.endswith(b"\n"))


def text(name, number):
    """Returns a record of a few lines; writer.py writes the same."""
    return f"={name} {number}" + "\n  more" * (number % 5)
