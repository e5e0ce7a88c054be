"""Runs a command on a terminal and prints what the terminal receives.

Usage: screen.py COMMAND ARG...

Ends with the command's status, or 99 if a signal killed it.
"""

import os
import pty
import sys

child, master = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    try:
        sent = os.read(master, 65536)
    except OSError:
        # The last process with the terminal open has closed it.
        break
    if not sent:
        break
    sys.stdout.buffer.write(sent)
sys.stdout.buffer.flush()
_, status = os.waitpid(child, 0)
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 99)
