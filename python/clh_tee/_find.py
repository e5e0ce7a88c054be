"""Finds the program."""

from __future__ import annotations

import os
import shutil
import site
import sys
import sysconfig
from collections.abc import Iterator

_NAME = "clh-tee"


def _directories() -> Iterator[str]:
    """Yields the paths where an installer may have put this module's program."""
    yield sysconfig.get_path("scripts")
    # pip install --user
    if site.ENABLE_USER_SITE:
        yield sysconfig.get_path("scripts", f"{os.name}_user")
    # pip install --target DIR, --prefix DIR: DIR/bin, beside or above the packages.
    package = os.path.dirname(os.path.abspath(__file__))
    yield os.path.join(os.path.dirname(package), "bin")
    yield os.path.normpath(os.path.join(package, *[os.pardir] * 4, "bin"))


def find_clh_tee_bin() -> str:
    """Returns the path of the program clh-tee.

    It is the one installed with this module, or else the one on the PATH.
    Raises FileNotFoundError if there is none.
    """
    for directory in _directories():
        path = os.path.join(directory, _NAME)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    found = shutil.which(_NAME)
    if found is None:
        raise FileNotFoundError(
            f"clh-tee is neither installed for {sys.executable} nor in the PATH"
        )
    return found
