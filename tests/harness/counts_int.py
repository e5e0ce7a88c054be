"""Prints the line that it reads, and then the number of INTs that it gets.

It ends with status 5, some time after the first one. A shell would not do:
if two signals arrive before it looks, it counts one.
"""

import os
import signal
import sys
import time

read, write = os.pipe()
os.set_blocking(read, False)
os.set_blocking(write, False)
# Python's low-level handler, which runs at once, writes a byte for each.
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
