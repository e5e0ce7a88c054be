"""Prints a line that it reads, and then how many INT it gets.

It ends with status 5, a while after the first one. A shell would not do here:
two signals that come before it looks are one to it.
"""

import os
import signal
import sys
import time

read, write = os.pipe()
os.set_blocking(read, False)
os.set_blocking(write, False)
# Python's own handler, which runs at once, writes a byte for each.
signal.set_wakeup_fd(write)
signal.signal(signal.SIGINT, lambda *_: None)
print(input(), flush=True)


def arrived():
    try:
        return len(os.read(read, 100))
    except BlockingIOError:
        return 0


count = 0
while not count:
    time.sleep(0.005)
    count += arrived()
time.sleep(0.3)
print("last words after", count + arrived())
sys.exit(5)
