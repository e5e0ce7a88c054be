"""Runs the program in this process: python -m clh_tee [OPTIONS] LOG."""

import os
import sys

from ._find import find_clh_tee_bin

if __name__ == "__main__":
    program = find_clh_tee_bin()
    os.execv(program, [program, *sys.argv[1:]])
