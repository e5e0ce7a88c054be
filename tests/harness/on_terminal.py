"""Runs a program on a terminal, and copies what it prints to standard output.

Usage: on_terminal.py PROGRAM ARG...
"""

import os
import pty
import sys

status = pty.spawn(sys.argv[1:], lambda fd: os.read(fd, 1024), lambda fd: b"")
sys.exit(os.waitstatus_to_exitcode(status))
