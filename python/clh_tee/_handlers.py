"""The handlers: they translate concurrent-log-handler's arguments for clh-tee."""

from __future__ import annotations

import codecs
import datetime
import locale
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any, Optional, Union

from ._find import find_clh_tee_bin
from ._pipe import Pipe

_Path = Union[str, "os.PathLike[str]"]
_Owner = Sequence[Union[str, int]]

#: As long as a record here may be, so that clh-tee does not cut it.
_LONGEST = "1G"

#: Attributes by which programs change how and when backups are made. Setting one fails.
_NAMING = frozenset(
    "namer rotator suffix extMatch rotation_filename rotate shouldRollover computeRollover"
    " getFilesToDelete finalize_handler_configuration".split()
)


class _Handler(logging.Handler):
    """The base of both handlers: it formats a record, and clh-tee does everything else."""

    def __init__(
        self,
        filename: _Path,
        rotation: list[str],
        *,
        mode: str,
        encoding: Optional[str],
        errors: str,
        debug: bool,
        use_gzip: bool,
        owner: Optional[_Owner],
        chmod: Optional[int],
        umask: Optional[int],
        newline: Optional[str],
        terminator: str,
        lock_file_directory: Optional[_Path],
        keep_file_open: bool,
        block: bool,
        timeout: float,
        options: Sequence[str],
    ) -> None:
        super().__init__()
        self.baseFilename = os.path.abspath(os.fsdecode(filename))
        if os.path.islink(self.baseFilename):
            target = os.path.realpath(self.baseFilename)
            raise ValueError(f"{self.baseFilename!r} is a symbolic link; give {target!r}")
        if isinstance(options, str):
            raise TypeError("options must be a list of strings")
        ignored = {"mode": "w" in mode or "x" in mode, "debug": debug}
        ignored["keep_file_open"] = not keep_file_open
        _warn_of([name for name, is_given in ignored.items() if is_given])

        self.timeout = timeout
        self.encoding = _codec(encoding)
        self.errors = errors if errors in ("ignore", "replace", "strict") else _known(errors)
        if newline not in (None, "", "\n", "\r\n"):
            raise ValueError("clh-tee ends each record with a newline: 'newline' must too")
        self._crlf = newline == "\r\n"
        self.terminator = terminator

        arguments = [*rotation, "--gzip"] if use_gzip else [*rotation]
        if owner is not None:
            arguments.append(f"--owner={_names(owner)}")
        if chmod is not None:
            arguments.append(f"--chmod={_bits('chmod', chmod, 0o200):o}")
        if umask is not None:
            arguments.append(f"--umask={_bits('umask', umask, 0):o}")
        if lock_file_directory:
            arguments += ["--lock-dir", os.path.abspath(os.fsdecode(lock_file_directory))]
        self._arguments = [*arguments, *options, self.baseFilename]
        self._block = block
        self._connect()

    def _connect(self) -> None:
        # Neither a settings file nor the environment overrides the arguments.
        always = ["-q", "--null", "--acknowledge", "--config="]
        always += [f"--max-record={_LONGEST}", f"--max-line={_LONGEST}"]
        self._pipe = Pipe([find_clh_tee_bin(), *always, *self._arguments], self._block)

    @property
    def dropped(self) -> int:
        """How many records this process has dropped because the pipe was full."""
        return self._pipe.dropped

    def emit(self, record: logging.LogRecord) -> None:
        """Formats the record and writes it into the pipe of this process's clh-tee."""
        try:
            text = self.format(record) + self._end
            if self._crlf:
                text = text.replace("\n", "\r\n") + "\r"
            data = text.encode(self.encoding, self.errors)
            if b"\0" in data:
                # A NUL would end the record.
                data = data.replace(b"\0", rb"\x00")
            self.acquire()
            try:
                self._pipe.write(data)
            finally:
                self.release()
        except RecursionError:
            raise
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        """Waits until everything emitted before is in the log.

        Raises TimeoutError if that takes longer than `timeout` seconds, and ClhTeeError, an
        OSError, if clh-tee cannot run. Records in the pipe stay there.
        """
        self.acquire()
        try:
            self._pipe.flush(self.timeout)
        finally:
            self.release()

    def doRollover(self) -> None:  # noqa: N802
        """Rotates the log now, unless it is empty, and waits until that is done."""
        self.acquire()
        try:
            self._pipe.rotate(self.timeout)
        finally:
            self.release()

    def close(self) -> None:
        """Flushes and ends clh-tee. A record emitted later starts another one."""
        self.acquire()
        try:
            self._pipe.close(self.timeout)
        finally:
            self.release()
            super().close()

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        # A copy makes its own.
        del state["lock"], state["_pipe"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        logging.Handler.__init__(self)
        name = state.pop("_name", None)
        self.__dict__.update(state)
        self.set_name(name)
        self._connect()

    def __repr__(self) -> str:
        level = logging.getLevelName(self.level)
        return f"<{type(self).__name__} {self.baseFilename} ({level})>"

    @property
    def terminator(self) -> str:
        """The end of a record; it ends with a newline."""
        return self._terminator

    @terminator.setter
    def terminator(self, terminator: str) -> None:
        terminator = terminator or "\n"
        if not terminator.endswith("\n"):
            raise ValueError("clh-tee ends each record with a newline: 'terminator' must too")
        self._terminator = terminator
        # clh-tee adds the newline.
        self._end = terminator[:-1]

    def __setattr__(self, name: str, value: object) -> None:
        if name in _NAMING:
            raise ValueError(f"clh-tee names backups itself: {name!r} cannot be set")
        super().__setattr__(name, value)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in _NAMING.intersection(vars(cls)):
            raise TypeError(f"clh-tee names backups itself: {cls.__name__}.{name} has no effect")


class ConcurrentRotatingFileHandler(_Handler):
    """Writes to a log that rotates by size and that other processes may share.

    The arguments are those of concurrent-log-handler's class of the same name, and:

    block: whether the caller waits if the pipe is full; if not, records are dropped and counted.
    timeout: how many seconds flush(), close() and the end of the interpreter wait at most.
    options: more options of clh-tee, such as ["--sync", "batch"].
    """

    def __init__(
        self,
        filename: _Path,
        mode: str = "a",
        maxBytes: int = 0,  # noqa: N803
        backupCount: int = 0,  # noqa: N803
        encoding: Optional[str] = None,
        debug: bool = False,
        delay: Optional[bool] = None,
        use_gzip: bool = False,
        owner: Optional[_Owner] = None,
        chmod: Optional[int] = None,
        umask: Optional[int] = None,
        newline: Optional[str] = None,
        terminator: str = "\n",
        unicode_error_policy: str = "ignore",
        lock_file_directory: Optional[_Path] = None,
        keep_file_open: bool = True,
        *,
        block: bool = True,
        timeout: float = 10.0,
        options: Sequence[str] = (),
    ) -> None:
        self.maxBytes, self.backupCount = int(maxBytes), int(backupCount)
        super().__init__(
            filename,
            _by_size(self.maxBytes, self.backupCount),
            mode=mode,
            encoding=encoding,
            errors=unicode_error_policy,
            debug=debug,
            use_gzip=use_gzip,
            owner=owner,
            chmod=chmod,
            umask=umask,
            newline=newline,
            terminator=terminator,
            lock_file_directory=lock_file_directory,
            keep_file_open=keep_file_open,
            block=block,
            timeout=timeout,
            options=options,
        )


class ConcurrentTimedRotatingFileHandler(_Handler):
    """Writes to a log that rotates by the clock and that other processes may share.

    The arguments are those of concurrent-log-handler's class of the same name, and block,
    timeout and options as for ConcurrentRotatingFileHandler.
    """

    def __init__(
        self,
        filename: _Path,
        when: str = "h",
        interval: int = 1,
        backupCount: int = 0,  # noqa: N803
        encoding: Optional[str] = None,
        delay: bool = False,
        utc: bool = False,
        atTime: Optional[datetime.time] = None,  # noqa: N803
        errors: Optional[str] = None,
        maxBytes: int = 0,  # noqa: N803
        use_gzip: bool = False,
        owner: Optional[_Owner] = None,
        chmod: Optional[int] = None,
        umask: Optional[int] = None,
        newline: Optional[str] = None,
        terminator: str = "\n",
        unicode_error_policy: str = "ignore",
        lock_file_directory: Optional[_Path] = None,
        keep_file_open: bool = True,
        *,
        mode: str = "a",
        debug: bool = False,
        block: bool = True,
        timeout: float = 10.0,
        options: Sequence[str] = (),
    ) -> None:
        self.when, self.interval, self.utc, self.atTime = when.upper(), interval, utc, atTime
        self.maxBytes, self.backupCount = int(maxBytes), int(backupCount)
        super().__init__(
            filename,
            _by_size(self.maxBytes, self.backupCount) + _by_time(self.when, interval, utc, atTime),
            mode=mode,
            encoding=encoding,
            errors=errors or unicode_error_policy,
            debug=debug,
            use_gzip=use_gzip,
            owner=owner,
            chmod=chmod,
            umask=umask,
            newline=newline,
            terminator=terminator,
            lock_file_directory=lock_file_directory,
            keep_file_open=keep_file_open,
            block=block,
            timeout=timeout,
            options=options,
        )


def _by_size(max_bytes: int, backups: int) -> list[str]:
    # The B shows that a small limit is intended. For Python, a negative number means no limit.
    return [f"--max-bytes={max(0, max_bytes)}B", f"--backups={max(0, backups)}"]


def _by_time(when: str, interval: int, utc: bool, at: Optional[datetime.time]) -> list[str]:
    days = [f"W{day}" for day in range(7)]
    if when not in ("S", "M", "H", "D", "MIDNIGHT", *days):
        raise ValueError(f"'when' is {when!r}; give S, M, H, D, MIDNIGHT, or W0 (Monday) to W6")
    if not isinstance(interval, int) or interval < 1:
        raise ValueError(f"'interval' is {interval!r}; give a number from 1 on")
    by_the_day = when in ("MIDNIGHT", *days)
    if by_the_day and interval > 1 and sys.version_info >= (3, 13):
        # Like Python before 3.13, clh-tee rotates each time.
        raise ValueError(f"clh-tee rotates each time with 'when' {when!r}: 'interval' must be 1")
    if at is not None and not isinstance(at, datetime.time):
        raise TypeError("'atTime' must be a datetime.time")
    arguments = [f"--when={when}", f"--interval={interval}"]
    if utc:
        arguments.append("--utc")
    if at is not None and by_the_day:
        arguments.append(f"--at-time={at:%H:%M:%S}")
    return arguments


def _codec(encoding: Optional[str]) -> str:
    """Returns the name of an encoding in which newline and NUL are the same as in ASCII."""
    if encoding is None or encoding == "locale":
        encoding = locale.getpreferredencoding(False)
    if "a\r\n".encode(encoding) != b"a\r\n":
        raise ValueError(
            f"clh-tee needs an encoding that contains ASCII, and {encoding!r} does not"
        )
    return codecs.lookup(encoding).name


def _known(errors: str) -> str:
    """Returns the name of another error handler, or "ignore" with a warning."""
    try:
        codecs.lookup_error(errors)
    except LookupError:
        warnings.warn(f"unicode_error_policy {errors!r} is unknown; using 'ignore'", stacklevel=4)
        return "ignore"
    return errors


def _warn_of(ignored: list[str]) -> None:
    if ignored:
        names = ", ".join(ignored)
        warnings.warn(
            f"clh_tee ignores {names}: it appends, and clh-tee opens the log", stacklevel=4
        )


def _names(owner: _Owner) -> str:
    import grp
    import pwd

    if isinstance(owner, str) or len(owner) != 2:
        raise ValueError("'owner' must be a user and a group")
    user, group = owner
    # Fails at once if there is no program.
    uid = pwd.getpwnam(user).pw_uid if isinstance(user, str) else user
    gid = grp.getgrnam(group).gr_gid if isinstance(group, str) else group
    return f"{uid}:{gid}"


def _bits(name: str, bits: int, owner: int) -> int:
    if not 0 <= bits <= 0o777 or bits & 0o200 != owner:
        raise ValueError(f"{name!r} is {bits:#o}; it must let the owner write")
    return bits
