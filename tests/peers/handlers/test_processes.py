"""Each process has its own clh-tee, however it was started and whatever its parent was doing."""

import ctypes
import logging
import multiprocessing
import os
import signal
import subprocess
import threading

from support import SOON, Case, record

from clh_tee import ConcurrentRotatingFileHandler


def forked(child):
    """Runs `child` in a forked process; returns its process id."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(SOON)
        status = 1
        try:
            child()
            status = 0
        finally:
            os._exit(status)
    return pid


def write(handler, name, count):
    logger = logging.Logger("worker")
    logger.addHandler(handler)
    for number in range(count):
        logger.info("%s %d", name, number)


class PausingFormatter(logging.Formatter):
    """Holds a thread inside emit()."""

    def __init__(self):
        super().__init__()
        self.inside, self.go_on = threading.Event(), threading.Event()

    def format(self, record):
        if record.msg == "paused":
            self.inside.set()
            self.go_on.wait(SOON)
        return super().format(record)


class Processes(Case):
    def ended(self, pid):
        _, status = os.waitpid(pid, 0)
        self.assertEqual(status, 0)

    def expect_all(self, names, count):
        lines = self.lines()
        for name in names:
            mine = [line for line in lines if line.startswith(f"{name} ")]
            self.assertEqual(mine, [f"{name} {number}" for number in range(count)])
        self.assertEqual(len(lines), len(names) * count)

    def test_a_fork_while_another_thread_is_in_emit(self):
        handler = self.handler()
        pausing = PausingFormatter()
        handler.setFormatter(pausing)
        handler.handle(record("before"))
        thread = threading.Thread(target=handler.handle, args=[record("paused")])
        thread.start()
        self.assertTrue(pausing.inside.wait(SOON))

        def child():
            handler.handle(record("from the child"))
            handler.flush()

        self.ended(forked(child))
        pausing.go_on.set()
        thread.join()
        handler.handle(record("after"))
        handler.flush()
        self.assertEqual(self.lines(), ["before", "from the child", "paused", "after"])

    def test_forks_in_a_stream_of_long_records(self):
        handler = self.handler(maxBytes=1 << 20, backupCount=99)
        stop = threading.Event()
        written = 0

        def stream():
            nonlocal written
            while not stop.is_set():
                handler.handle(record("parent %d %s", written, "x" * 100_000))
                written += 1

        thread = threading.Thread(target=stream)
        thread.start()
        for number in range(8):
            def child(number=number):
                handler.handle(record("child %d", number))
                handler.close()

            self.ended(forked(child))
        stop.set()
        thread.join()
        handler.flush()
        lines = self.lines()
        parents = [f"parent {number} {'x' * 100_000}" for number in range(written)]
        self.assertTrue([line for line in lines if line.startswith("parent")] == parents)
        children = [f"child {number}" for number in range(8)]
        self.assertEqual([line for line in lines if line.startswith("child")], children)
        self.assertEqual(len(lines), written + 8)

    def test_a_child_that_closes_first_leaves_the_parent_s_alone(self):
        handler = self.handler()
        handler.handle(record("before"))
        self.ended(forked(handler.close))
        handler.handle(record("after"))
        handler.flush()
        self.assertEqual(self.lines(), ["before", "after"])

    def test_a_fork_that_python_does_not_see(self):
        # Like uwsgi.
        handler = self.handler()
        handler.handle(record("parent"))
        handler.flush()
        pid = ctypes.PyDLL(None).fork()
        if pid == 0:
            handler.handle(record("child"))
            handler.flush()
            os._exit(0)
        self.ended(pid)
        handler.handle(record("parent again"))
        handler.flush()
        self.assertEqual(self.lines(), ["parent", "child", "parent again"])
        handler.close()
        self.assertEqual(self.children(), [])

    def test_children_do_not_hold_the_parent_s_pipe_open(self):
        program = self.start(
            """
            import subprocess
            use(ConcurrentRotatingFileHandler(LOG))
            log.info("parent")
            if os.fork() == 0:
                signal.pause()
            subprocess.Popen(["sleep", "600"], close_fds=False)
            print("ready", flush=True)
            signal.pause()
            """,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self.assertEqual(program.stdout.readline(), "ready\n")
        self.assertEqual(len(self.children()), 1)
        os.kill(program.pid, signal.SIGKILL)
        try:
            self.until("its clh-tee ends", lambda: not self.children())
        finally:
            os.killpg(program.pid, signal.SIGKILL)
        self.assertEqual(self.lines(), ["parent"])

    def test_multiprocessing(self):
        handler = self.handler(maxBytes=2000, backupCount=999)
        for method in ["fork", "spawn", "forkserver"]:
            context = multiprocessing.get_context(method)
            names = [f"{method}{number}" for number in range(4)]
            processes = [context.Process(target=write, args=(handler, name, 200)) for name in names]
            for process in processes:
                process.start()
            for process in processes:
                process.join(SOON)
                self.assertEqual(process.exitcode, 0)
            # Everything is in the log when they have ended.
            lines = self.lines()
            for name in names:
                mine = [line for line in lines if line.startswith(f"{name} ")]
                self.assertEqual(mine, [f"{name} {number}" for number in range(200)])

    def test_a_pool(self):
        handler = self.handler()
        with multiprocessing.get_context("fork").Pool(3) as pool:
            pool.starmap(write, [(handler, f"task{number}", 50) for number in range(9)])
            pool.close()
            pool.join()
        # Each task had its own handler and did not close it.
        self.until("all is in", lambda: len(self.lines()) == 9 * 50)
        self.expect_all([f"task{number}" for number in range(9)], 50)

    def test_a_program_that_waits_for_its_children_itself(self):
        err = self.run_program(
            """
            handler = use(ConcurrentRotatingFileHandler(LOG))
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            log.info("one")
            handler.flush()
            os.kill(handler._pipe._process.pid, signal.SIGTERM)
            while handler._pipe._death.poll(0) == []:
                time.sleep(0.01)
            log.info("two")
            """
        )
        self.assertEqual((err, self.lines()), ("", ["one", "two"]))


class Ends(Case):
    """However the program ends, its records get into the log."""

    def test_at_the_interpreter_s_end(self):
        err = self.run_program(
            """
            for name in "ab":
                logger = logging.getLogger(name)
                logger.addHandler(ConcurrentRotatingFileHandler(LOG, maxBytes=1000, backupCount=999))
                logger.setLevel(logging.INFO)
            for number in range(1000):
                logging.getLogger("ab"[number % 2]).info("line %d", number)
            """
        )
        self.assertEqual(err, "")
        self.assertEqual(sorted(self.lines()), sorted(f"line {number}" for number in range(1000)))

    def test_records_of_destructors_at_the_very_end(self):
        err = self.run_program(
            """
            use(ConcurrentRotatingFileHandler(LOG))
            class Logs:
                def __del__(self):
                    logging.getLogger().error("from __del__")
            import builtins
            builtins.keep_one, keep_another = Logs(), Logs()
            log.info("normal")
            """
        )
        self.assertEqual(err, "")
        self.until_in_log(["normal", "from __del__", "from __del__"])

    def test_a_kill(self):
        program = self.start(
            """
            use(ConcurrentRotatingFileHandler(LOG, maxBytes=50_000, backupCount=999, use_gzip=True))
            for number in range(5000):
                log.info("line %d", number)
            os.kill(os.getpid(), signal.SIGKILL)
            """
        )
        self.assertEqual(program.wait(SOON), -signal.SIGKILL)
        self.until_in_log([f"line {number}" for number in range(5000)])

    def test_os_exit(self):
        self.run_program("use(ConcurrentRotatingFileHandler(LOG)); log.info('one'); os._exit(0)")
        self.until_in_log(["one"])

    def test_ctrl_c(self):
        program = self.start(
            """
            use(ConcurrentRotatingFileHandler(LOG))
            log.info("one")
            for number in range(3):
                try:
                    print("ready", flush=True)
                    while True:
                        time.sleep(0.01)
                except KeyboardInterrupt:
                    log.info("interrupt %d", number)
            log.info("last")
            """,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        for _ in range(3):
            program.stdout.readline()
            # The terminal sends it to all processes of the foreground group.
            os.killpg(program.pid, signal.SIGINT)
        self.assertEqual(program.wait(SOON), 0)
        self.assertEqual(self.lines(), ["one", *[f"interrupt {n}" for n in range(3)], "last"])

    def test_systemd_stops_all_processes_at_once(self):
        program = self.start(
            """
            handler = use(ConcurrentRotatingFileHandler(LOG))
            told = []
            signal.signal(signal.SIGTERM, lambda *_: told.append(log.info("stopping")))
            log.info("one")
            print(handler._pipe._process.pid, flush=True)
            while not told:
                time.sleep(0.01)
            for number in range(100):
                log.info("line %d", number)
            """,
            stdout=subprocess.PIPE,
        )
        child = int(program.stdout.readline())
        for pid in (child, program.pid):
            os.kill(pid, signal.SIGTERM)
        self.assertEqual(program.wait(SOON), 0)
        self.assertEqual(self.lines(), ["one", "stopping", *[f"line {n}" for n in range(100)]])

    def test_the_wait_for_it_has_a_limit(self):
        self.run_program("use(ConcurrentRotatingFileHandler(LOG)); log.info('one')")
        with self.lock_held():
            program = self.start("use(ConcurrentRotatingFileHandler(LOG, timeout=0.2)); log.info('two')")
            self.assertEqual(program.wait(SOON), 0)
            self.assertEqual(self.lines(), ["one"])
        self.until_in_log(["one", "two"])

    def test_a_handler_can_be_used_again_after_close(self):
        handler = self.handler()
        for text in ["one", "two"]:
            handler.handle(record(text))
            handler.close()
        self.assertEqual(self.lines(), ["one", "two"])
        self.assertEqual(self.children(), [])

    def test_handlers_that_come_and_go_leave_nothing_behind(self):
        before = len(os.listdir("/proc/self/fd"))
        for number in range(20):
            handler = ConcurrentRotatingFileHandler(self.log)
            handler.handle(record("line %d", number))
            if number % 2:
                handler.close()
            del handler
        self.until("no clh-tee is left", lambda: not self.children())
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)
        self.assertEqual(sorted(self.lines()), sorted(f"line {number}" for number in range(20)))
