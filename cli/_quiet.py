"""Keeps TensorFlow's start-up chatter off standard error, and nothing else.

Some of its lines reach file descriptor 2 whatever its settings. A process of its own takes them
out, which outlives an abort of this one, so that last words come through. Child processes inherit
the filter. Whoever sets TF_CPP_MIN_LOG_LEVEL sees all that this level lets through.
"""

import atexit
import os
import re
import select
import signal
import sys
from socket import socket, socketpair

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_CHATTER = re.compile(
    rb"[IWE]\d{4} .*\.cc:\d+\] "
    rb"|\d{4}-\d\d-\d\d [\d:.]+: [IWE] .*\.cc:\d+\] "
    rb"|WARNING: All log messages before absl::InitializeLog\(\) "
    rb"|To enable the following instructions: .* rebuild TensorFlow "
)
_LINE_WAIT_S = 0.1
_LAST_WAIT_S = 2.0


class ChatterFilter:
    """Drops TensorFlow's log lines of level info, warning and error from a stream of bytes."""

    def __init__(self) -> None:
        #: The beginning of a line whose end has not come yet.
        self.held = b""
        self._within_line = False

    def feed(self, data: bytes) -> bytes:
        """Takes the next bytes, cut anywhere, and returns the lines that may go on."""
        *lines, self.held = (self.held + data).split(b"\n")
        kept = b""
        for line in lines:
            if self._within_line or not _CHATTER.match(line):
                kept += line + b"\n"
            self._within_line = False
        return kept

    def release(self) -> bytes:
        """What is held, where the line does not end soon: a prompt, a bar."""
        held, self.held = self.held, b""
        self._within_line = self._within_line or bool(held)
        return held


def quiet_tensorflow() -> None:
    """Filters file descriptor 2 from now on; Python's own `sys.stderr` goes around the filter.

    To be called once, before TensorFlow is imported and before threads are started.
    """
    if _LEVEL in os.environ or sys.stderr is None:
        return
    os.environ[_LEVEL] = "3"
    sys.stderr.flush()
    real = os.dup(2)
    (source, sink), (ours, its) = os.pipe(), socketpair()
    if os.fork() == 0:
        _become_filter(source, real, its, (sink, ours.detach()))
    os.dup2(sink, 2)
    for descriptor in (source, sink, its.detach()):
        os.close(descriptor)
    old = sys.stderr
    sys.stderr = os.fdopen(real, "w", buffering=1, encoding=old.encoding, errors=old.errors)
    atexit.register(_await_filter, ours)


def _await_filter(ours: socket) -> None:
    """Has all passed on that is written so far: nothing comes after the program's end."""
    ours.settimeout(_LAST_WAIT_S)
    try:
        ours.sendall(b".")
        ours.recv(1)
    except OSError:  # the filter was killed
        return


def _become_filter(source: int, target: int, its: socket, others: tuple[int, ...]) -> None:
    """What the forked process does until no one can write any more; never returns."""
    try:
        # Ctrl-C reaches all processes of a terminal, but this one sees the others off.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)
        for descriptor in {0, 1, 2, *others} - {source, target, its.fileno()}:
            os.close(descriptor)
        _pass_on(source, target, its)
    finally:
        os._exit(0)


def _pass_on(source: int, target: int, its: socket) -> None:
    """From the pipe to the real standard error."""
    chatter = ChatterFilter()
    asked, listen = False, [source, its.fileno()]
    while True:
        wait = 0.0 if asked else _LINE_WAIT_S if chatter.held else None
        ready = select.select(listen, [], [], wait)[0]
        if source in ready:
            if not (data := os.read(source, 1 << 16)):
                return _write(target, chatter.release())
            _write(target, chatter.feed(data))
        elif ready:  # the program is about to end, or has ended
            asked, listen = True, [source]
        else:
            _write(target, chatter.release())
            if asked:
                asked = False
                its.close()


def _write(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data) :]
