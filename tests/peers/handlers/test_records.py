"""A record in the program is the same record in the log: whole, once, in order."""

import contextlib
import copy
import io
import logging
import logging.config
import pickle
import signal
import subprocess
import sys
import threading
import warnings

from concurrent_log_handler import ConcurrentRotatingFileHandler as TheirSized
from concurrent_log_handler import ConcurrentTimedRotatingFileHandler as TheirTimed
from support import Case, record

import clh_tee
from clh_tee import ConcurrentRotatingFileHandler, ConcurrentTimedRotatingFileHandler


class Records(Case):
    def test_flush_returns_when_they_are_in_the_log(self):
        handler = self.handler()
        for round in range(20):
            handler.handle(record("line %d", round))
            handler.flush()
            self.assertEqual(self.lines(), [f"line {n}" for n in range(round + 1)])

    def test_lines_of_a_record_stay_together(self):
        handler = self.handler(maxBytes=1, backupCount=9)
        for text in ["one\ntwo", "", "three\n", "\n\nfour"]:
            handler.handle(record(text))
        handler.flush()
        backups = [self.path(f"app.log.{slot}") for slot in (3, 2, 1)]
        contents = []
        for path in [*backups, self.log]:
            with open(path) as file:
                contents.append(file.read())
        self.assertEqual(contents, ["one\ntwo\n", "\n", "three\n\n", "\n\nfour\n"])

    def test_a_traceback_is_one_record(self):
        handler = self.handler()
        try:
            raise KeyError("missing")
        except KeyError:
            info = sys.exc_info()
        handler.handle(logging.LogRecord("a", logging.ERROR, "a.py", 1, "failed", (), info))
        handler.flush()
        lines = self.lines()
        self.assertEqual((lines[0], lines[-1]), ("failed", "KeyError: 'missing'"))

    def test_a_nul_is_shown(self):
        handler = self.handler()
        handler.handle(record("a\0b"))
        handler.flush()
        self.assertEqual(self.text(), "a\\x00b\n")

    def test_line_ends(self):
        for number, (given, expected) in enumerate([
            ({"terminator": "\r\n", "newline": ""}, b"a\nb\r\n"),
            ({"terminator": "\n\n"}, b"a\nb\n\n"),
            ({"terminator": ""}, b"a\nb\n"),
            ({"newline": "\r\n"}, b"a\r\nb\r\n"),
            ({"newline": "\n", "terminator": "--\n"}, b"a\nb--\n"),
        ]):
            ours, theirs = self.path(f"ours{number}"), self.path(f"theirs{number}")
            for path, kind in [(ours, ConcurrentRotatingFileHandler), (theirs, TheirSized)]:
                handler = kind(path, **given)
                handler.handle(record("a\nb"))
                handler.close()
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), expected, (path, given))
        handler = self.handler()
        handler.terminator = ";\n"
        handler.handle(record("a"))
        handler.flush()
        self.assertEqual(self.text(), "a;\n")
        with self.assertRaisesRegex(ValueError, "terminator"):
            handler.terminator = "|"
        for given in [{"terminator": "|"}, {"newline": "\r"}]:
            with self.assertRaisesRegex(ValueError, "newline"):
                self.handler(**given)

    def test_encodings(self):
        text = "caf\xe9 \u20ac \udcff"
        for number, given in enumerate([
            {"encoding": "utf-8"},
            {"encoding": "latin-1"},
            {"encoding": "ascii", "unicode_error_policy": "replace"},
            {"encoding": "iso2022_jp", "unicode_error_policy": "replace"},
        ]):
            contents = []
            for name, kind in [("ours", ConcurrentRotatingFileHandler), ("theirs", TheirSized)]:
                path = self.path(f"{name}{number}")
                handler = kind(path, **given)
                handler.handle(record(text))
                handler.close()
                with open(path, "rb") as file:
                    contents.append(file.read())
            self.assertEqual(contents[0], contents[1], given)
        with self.assertRaisesRegex(ValueError, "utf-16"):
            self.handler(encoding="utf-16")
        with self.assertRaises(LookupError):
            self.handler(encoding="no such")

    def test_strict_reports_what_cannot_be_encoded(self):
        handler = self.handler(encoding="ascii", unicode_error_policy="strict")
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            handler.handle(record("caf\xe9"))
        self.assertIn("UnicodeEncodeError", said.getvalue())
        handler.handle(record("cafe"))
        handler.flush()
        self.assertEqual(self.lines(), ["cafe"])

    def test_records_longer_than_the_pipe(self):
        handler = self.handler(maxBytes=1 << 20, backupCount=9)
        texts = [letter * (3_000_000 + ord(letter)) for letter in "abc"]
        for text in texts:
            handler.handle(record(text))
            handler.handle(record("short"))
        handler.flush()
        expected = [line for text in texts for line in (text, "short")]
        self.assertTrue(self.lines() == expected)

    def test_threads(self):
        handler = self.handler(maxBytes=20_000, backupCount=999)
        gate = threading.Barrier(8)

        def write(name):
            gate.wait()
            for number in range(500):
                # Some call emit() directly, without the handler's lock.
                (handler.emit if number % 2 else handler.handle)(record(f"{name} {number} {'x' * 900}"))

        threads = [threading.Thread(target=write, args=[name]) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        handler.flush()
        lines = self.lines()
        for name in range(8):
            expected = [f"{name} {number} {'x' * 900}" for number in range(500)]
            self.assertEqual([line for line in lines if line.startswith(f"{name} ")], expected)
        self.assertEqual(len(lines), 8 * 500)

    def test_a_formatter_that_logs(self):
        handler = self.handler()
        logger = logging.Logger("formatting")
        logger.addHandler(handler)

        class Formatter(logging.Formatter):
            def format(self, record):
                if record.msg == "outer":
                    logger.warning("inner")
                return record.msg

        handler.setFormatter(Formatter())
        logger.warning("outer")
        handler.flush()
        self.assertEqual(self.lines(), ["inner", "outer"])

    def test_a_signal_handler_that_logs(self):
        handler = self.handler(maxBytes=100_000, backupCount=999)
        count = 0

        def interrupt(*_):
            nonlocal count
            mine = count
            count += 1
            if count == 100:
                # On a busy machine, more would arrive faster than they can be written.
                signal.setitimer(signal.ITIMER_REAL, 0)
            handler.handle(record("signal %d %s", mine, "y" * (mine % 7 * 3000)))

        before = signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.005)
        number = 0
        try:
            while number < 1000 or count < 100:
                handler.handle(record("main %d %s", number, "x" * (number % 5 * 3000)))
                number += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        handler.flush()
        lines = self.lines()
        self.assertEqual(
            [line for line in lines if line.startswith("main")],
            [f"main {n} {'x' * (n % 5 * 3000)}" for n in range(number)],
        )
        # One signal may interrupt another's handler.
        self.assertEqual(
            sorted(line for line in lines if line.startswith("signal")),
            sorted(f"signal {n} {'y' * (n % 7 * 3000)}" for n in range(count)),
        )
        self.assertEqual(len(lines), number + count)


class Arguments(Case):
    def test_they_are_theirs_in_the_same_order(self):
        import inspect

        for ours, theirs in [
            (ConcurrentRotatingFileHandler, TheirSized),
            (ConcurrentTimedRotatingFileHandler, TheirTimed),
        ]:
            def named(kind):
                parameters = inspect.signature(kind).parameters.values()
                return [(p.name, p.default) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]

            self.assertEqual(named(ours), named(theirs))

    def test_what_makes_no_sense_is_ignored_with_one_warning(self):
        with self.assertWarnsRegex(UserWarning, "ignores mode, debug, keep_file_open") as warned:
            handler = self.handler("w", debug=True, delay=False, keep_file_open=False)
        self.assertEqual(warned.filename, sys.modules["support"].__file__)
        self.assertEqual(len(warned.warnings), 1)
        with open(self.log, "w") as file:
            file.write("before\n")
        handler.handle(record("after"))
        handler.flush()
        self.assertEqual(self.lines(), ["before", "after"])

    def test_the_usual_ones_warn_of_nothing(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.handler("a", 512 * 1024, 5, delay=True, use_gzip=True)
            self.handler(kind=ConcurrentTimedRotatingFileHandler, when="midnight", delay=True)

    def test_an_unknown_policy_is_ignored(self):
        with self.assertWarnsRegex(UserWarning, "unicode_error_policy"):
            self.handler(unicode_error_policy="no such")

    def test_what_cannot_be_done_is_refused(self):
        timed = ConcurrentTimedRotatingFileHandler
        for error, kind, given in [
            (ValueError, ConcurrentRotatingFileHandler, {"chmod": 0o040}),
            (ValueError, ConcurrentRotatingFileHandler, {"umask": 0o277}),
            (ValueError, ConcurrentRotatingFileHandler, {"owner": ("root",)}),
            (KeyError, ConcurrentRotatingFileHandler, {"owner": ("no such user", "root")}),
            (TypeError, ConcurrentRotatingFileHandler, {"options": "--sync=none"}),
            (ValueError, timed, {"when": "daily"}),
            (ValueError, timed, {"interval": 0}),
            (TypeError, timed, {"when": "midnight", "atTime": "06:00"}),
        ]:
            with self.assertRaises(error, msg=given):
                self.handler(kind=kind, **given)
        for name in ["namer", "rotator"]:
            with self.assertRaisesRegex(ValueError, "backups"):
                setattr(self.handler(), name, print)
        with self.assertRaisesRegex(ValueError, "suffix"):
            self.handler(kind=timed).suffix = "%Y"
        with self.assertRaisesRegex(TypeError, "finalize_handler_configuration"):
            type("Custom", (timed,), {"finalize_handler_configuration": print})

    def test_they_can_be_pickled_and_copied(self):
        handler = self.handler(maxBytes=1000, backupCount=7)
        handler.setLevel(logging.ERROR)
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        handler.set_name("pickled")
        handler.handle(record("first"))
        handler.flush()
        for other in [pickle.loads(pickle.dumps(handler)), copy.copy(handler), copy.deepcopy(handler)]:
            self.addCleanup(other.close)
            self.assertIs(type(other), type(handler))
            self.assertEqual((other.level, other.get_name()), (logging.ERROR, "pickled"))
            self.assertEqual(other._arguments, handler._arguments)
            other.handle(record("again"))
            other.flush()
        self.assertEqual(self.lines(), ["INFO first", *["INFO again"] * 3])

    def test_settings_come_from_the_arguments_only(self):
        config = self.path("config")
        with open(config, "w") as file:
            file.write("tag = 'from the file'\n")
        err = self.run_program(
            """
            os.environ["XDG_CONFIG_HOME"] = os.path.dirname(LOG)
            os.environ["CLH_TEE_TAG"] = "from the environment"
            os.environ["CLH_TEE_CONFIG"] = os.path.join(os.path.dirname(LOG), "config")
            use(ConcurrentRotatingFileHandler(LOG, options=["--escape-control"]))
            log.info("bell \\a")
            """
        )
        self.assertEqual((err, self.lines()), ("", ["bell \\x07"]))


class Configured(Case):
    def test_file_config(self):
        config = self.path("logging.ini")
        with open(config, "w") as file:
            file.write(f"""
[loggers]
keys = root
[handlers]
keys = file
[formatters]
keys = short
[logger_root]
level = INFO
handlers = file
[handler_file]
class = clh_tee.ConcurrentRotatingFileHandler
level = INFO
formatter = short
args = ({self.log!r}, "a", 512*1024, 5)
kwargs = {{"encoding": "utf-8", "use_gzip": True}}
[formatter_short]
format = %(levelname)s %(message)s
""")
        err = self.run_program(
            """
            import logging.config
            logging.config.fileConfig("logging.ini")
            log.info("from fileConfig")
            """
        )
        self.assertEqual((err, self.lines()), ("", ["INFO from fileConfig"]))

    def test_dict_config(self):
        for kind in ["ConcurrentRotatingFileHandler", "ConcurrentTimedRotatingFileHandler"]:
            err = self.run_program(
                """
                import logging.config
                logging.config.dictConfig({
                    "version": 1,
                    "formatters": {"short": {"format": "%(levelname)s %(message)s"}},
                    "handlers": {"file": {
                        "class": "clh_tee." + sys.argv[2],
                        "filename": LOG,
                        "backupCount": 5,
                        "formatter": "short",
                    }},
                    "root": {"level": "INFO", "handlers": ["file"]},
                })
                log.info("from dictConfig")
                """,
                kind,
            )
            self.assertEqual(err, "")
        self.assertEqual(self.lines(), ["INFO from dictConfig"] * 2)


class Program(Case):
    def test_python_m_clh_tee(self):
        run = subprocess.run(
            [sys.executable, "-m", "clh_tee", self.log], input="one\n", capture_output=True, text=True, check=True
        )
        self.assertEqual((run.stdout, self.lines()), ("one\n", ["one"]))

    def test_it_is_found(self):
        found = clh_tee.find_clh_tee_bin()
        version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
        self.assertRegex(version, r"^clh-tee \d")
