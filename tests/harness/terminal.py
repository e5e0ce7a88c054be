"""Runs a program on a terminal, gives it a line, and presses Ctrl-C once.

Usage: terminal.py LOG PROGRAM ARG...

Waits until the line is in LOG before it presses the key; ends with the
program's own status, or 128 and the number of the signal that killed it.
"""

import os
import pty
import sys
import time

log, program = sys.argv[1], sys.argv[2:]
LIMIT = time.monotonic() + 20


def wait_until(condition, what):
    while not condition():
        if time.monotonic() > LIMIT:
            os.kill(child, 9)
            sys.exit(f"not in time: {what}")
        time.sleep(0.005)


def in_log():
    try:
        with open(log, "rb") as file:
            return file.read() == b"typed\n"
    except FileNotFoundError:
        return False


def ended():
    global status
    pid, status = os.waitpid(child, os.WNOHANG)
    return pid != 0


child, master = pty.fork()
if child == 0:
    os.execvp(program[0], program)
os.write(master, b"typed\n")
wait_until(in_log, "the typed line is in the log")
os.write(master, b"\x03")
wait_until(ended, "the program ends after one Ctrl-C")
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
