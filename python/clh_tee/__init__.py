"""Logging handlers that write through clh-tee, and the program itself.

ConcurrentRotatingFileHandler and ConcurrentTimedRotatingFileHandler take the same arguments
as the handlers with these names in concurrent-log-handler, and can share logs with them.
docs/python.md explains them.
"""

from ._find import find_clh_tee_bin
from ._handlers import ConcurrentRotatingFileHandler, ConcurrentTimedRotatingFileHandler
from ._pipe import ClhTeeError

__all__ = [
    "ClhTeeError",
    "ConcurrentRotatingFileHandler",
    "ConcurrentTimedRotatingFileHandler",
    "find_clh_tee_bin",
]
