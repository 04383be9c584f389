"""The threads that run loops: how many there are, and the native code that hands chunks to them.

    parallel(body, frame, chunks, most)     body(chunk, worker, frame) for each chunk, on at most `most` threads

The code is in threads.ll. What a chunk computes depends on its number only, so results are the same for any number of threads.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from importlib import resources
from string import Template
from threading import RLock

from lineara.backends.native.cache import machine_code
from lineara.backends.native.compile import Library, load
from lineara.errors import SettingError

NAME, FORGET, COUNT = "lineara.library.parallel", "lineara.forget", "lineara.threads"
VARIABLE = "LINEARA_NUM_THREADS"
SPIN = 20_000
"""The nanoseconds that a thread without work looks for it before it sleeps."""
MOST = 1024
"""The largest number of threads."""

_PAUSES = {
    "x86_64": ("llvm.x86.sse2.pause()", "llvm.x86.sse2.pause()"),
    "amd64": ("llvm.x86.sse2.pause()", "llvm.x86.sse2.pause()"),
    "aarch64": ("llvm.aarch64.isb(i32 15)", "llvm.aarch64.isb(i32)"),
    "arm64": ("llvm.aarch64.isb(i32 15)", "llvm.aarch64.isb(i32)"),
}
_NOTHING = ("llvm.sideeffect()", "llvm.sideeffect()")
_lock = RLock()
_kept: list[Library] = []
_chosen: list[int] = []


def get_num_threads() -> int:
    """How many threads a kernel may use.

    At first this is what the environment variable LINEARA_NUM_THREADS says, or else the number of processors that this process
    may run on.

    Raises:
        SettingError: the variable is no whole number from 1 to 1024.

    >>> get_num_threads() >= 1
    True
    """
    with _lock:
        if not _chosen:
            _chosen.append(_initial())
        return _chosen[0]


def set_num_threads(n: int) -> None:
    """Choose how many threads a kernel may use, the one that calls it among them.

    Only loops of much work are shared among threads. Results have the same bits for every number. Kernels that run at the same
    time in several threads of Python share the same helpers: one of them has them, the others run alone.

    Args:
        n: a whole number from 1 to 1024.

    Raises:
        SettingError: another number, or no number.

    >>> before = get_num_threads()
    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    >>> set_num_threads(before)
    """
    chosen = _checked(n, "set_num_threads")
    with _lock:
        _chosen[:] = [chosen]
        for library in _kept:
            _tell(library, chosen)


def address() -> int:
    """The address of `parallel`."""
    with _lock:
        if not _kept:
            _kept.append(_loaded())
        return _kept[0][NAME]


def _initial() -> int:
    text = os.environ.get(VARIABLE, "").strip()
    if text:
        return _checked(int(text) if text.isdecimal() else text, f"the environment ({VARIABLE})")
    known = getattr(os, "sched_getaffinity", None)
    return min(MOST, len(known(0)) if known else os.cpu_count() or 1)


def _checked(n: object, where: str) -> int:
    if isinstance(n, bool) or not hasattr(n, "__index__") or not 1 <= n.__index__() <= MOST:
        raise SettingError(
            f"{n!r} is no number of threads, in {where}",
            mend=f"give a whole number from 1 to {MOST}",
        )
    return int(n.__index__())


def _loaded() -> Library:
    """The code, for as long as the process lives: its threads sleep in it."""
    text = _text()
    code = machine_code(text, level=1)
    library = load(code, (NAME, FORGET, COUNT))
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(library))
    forget = ctypes.CFUNCTYPE(None)(library[FORGET])
    forget()
    _tell(library, get_num_threads())
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget)
    return library


def _text() -> str:
    """The code for this system; without POSIX threads, that which runs the chunks in the caller."""
    name = "threads_none.ll" if sys.platform == "win32" else "threads.ll"
    text = (resources.files(__package__) / name).read_text("utf-8")
    linux = sys.platform == "linux"
    pause, declared = _PAUSES.get(platform.machine().lower(), _NOTHING)
    return Template(text).substitute(
        pause=pause,
        pause_declared=declared,
        spin=SPIN,
        set_mask=2 if linux else 3,
        detached=1 if linux else 2,
    )


def _tell(library: Library, n: int) -> None:
    ctypes.c_int64.from_address(library[COUNT]).value = n
