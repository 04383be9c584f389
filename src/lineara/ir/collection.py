"""Pausing Python's cyclic garbage collector while terms are made.

Terms refer to each other without cycles and live long, so that each pass of the collector over them finds nothing; with
ten thousand equations those passes take most of the time, and more the larger the program.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_pauses = 0
_resume = False


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector; it resumes when the last of the pauses, of any thread, ends, if it was on before the first."""
    global _pauses, _resume  # noqa: PLW0603  (the collector is one for the process)
    with _lock:
        if _pauses == 0:
            _resume = gc.isenabled()
            gc.disable()
        _pauses += 1
    try:
        yield
    finally:
        with _lock:
            _pauses -= 1
            if _pauses == 0 and _resume:
                gc.enable()
