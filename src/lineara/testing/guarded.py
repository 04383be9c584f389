"""Kernels in memory that ends where they may not go: what reads or writes beyond its arrays does not stay hidden.

    guard | canary … array | guard        the page after an array cannot be touched, the bytes before it are looked at

Arguments cannot be written. Results and the workspace begin as one pattern of bytes, then as another: a result that depends on
it was computed from memory that nobody wrote.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from lineara.backends.native.executable import Executable

Array = np.ndarray[Any, Any]
CANARY, PATTERNS = 0x5A, (0x00, 0xA5, 0xFF)
_NONE, _READ, _BOTH = 0, 1, 3
_Kernel = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class TrespassError(AssertionError):
    """A kernel that wrote, or read, where it may not."""


def run_guarded(executable: Executable, arguments: Sequence[Array]) -> tuple[int, list[Array]]:
    """Run a kernel in guarded memory; gives its return code and its results.

    A read or write behind an array ends the process; do this in one of its own.

    Raises:
        TrespassError: it wrote before an array, or read what nobody had written.
    """
    runs = [_run(executable, arguments, pattern) for pattern in PATTERNS]
    code, results = runs[0]
    for other_code, others in runs[1:]:
        if other_code != code:
            raise TrespassError("a return code depends on memory that nobody wrote")
        pairs = zip(results, others, strict=True)
        if code == 0 and any(x.tobytes() != y.tobytes() for x, y in pairs):
            raise TrespassError("a result depends on memory that nobody wrote")
    return code, results


def _run(
    executable: Executable, arguments: Sequence[Array], pattern: int
) -> tuple[int, list[Array]]:
    with ExitStack() as stack:

        def block(size: int, align: int, data: bytes | None) -> int:
            return stack.enter_context(_guarded(size, align, data, pattern))

        inputs = [block(x.nbytes, x.itemsize, x.tobytes()) for x in arguments]
        outputs = [block(t.nbytes, t.dtype.itemsize, None) for t in executable.results]
        workspace = block(max(64, executable.workspace), 64, None)
        code = _Kernel(executable.address)(_table(inputs), _table(outputs), workspace)
        results = [
            np.frombuffer(ctypes.string_at(address, t.nbytes), t.dtype).reshape(t.shape)
            for address, t in zip(outputs, executable.results, strict=True)
        ]
    return code, results


def _table(addresses: Sequence[int]) -> Any:
    return (ctypes.c_void_p * max(1, len(addresses)))(*addresses)


@contextmanager
def _guarded(size: int, align: int, data: bytes | None, pattern: int) -> Iterator[int]:
    """Memory of so many bytes that ends at a page which cannot be touched; of data, it cannot be written."""
    page = mmap.PAGESIZE
    room = -(-size // page) * page + page
    region = mmap.mmap(-1, room + page)
    base = ctypes.addressof(ctypes.c_char.from_buffer(region))
    start = base + room - -(-size // align) * align
    ctypes.memset(base, CANARY, room)
    if data is None:
        ctypes.memset(start, pattern, size)
    else:
        ctypes.memmove(start, data, size)
        _protect(base, room, _READ)
    _protect(base + room, page, _NONE)
    yield start
    _protect(base, room + page, _BOTH)
    around = ctypes.string_at(base, start - base) + ctypes.string_at(
        start + size, base + room - start - size
    )
    if around.strip(bytes([CANARY])):
        raise TrespassError(f"bytes around an array of {size} were written")


def _protect(address: int, size: int, how: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    protect: Callable[[ctypes.c_void_p, ctypes.c_size_t, int], int] = libc.mprotect
    if protect(ctypes.c_void_p(address), ctypes.c_size_t(size), how):
        raise OSError(ctypes.get_errno(), "mprotect")
