"""What the native back end makes of a function: machine code, and what a call of it must know."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

from lineara.backends.native import callback
from lineara.ir import ArrayType

AGAIN = -2
"""The return code of a kernel whose strict one is to run: a product of tangents may be 0·∞."""
Details = tuple[int, int, int, int]
"""What a kernel says about its failure: the first four words of its workspace."""


@dataclass(frozen=True, slots=True)
class Executable:
    """A kernel `i32 kernel(ptr inputs, ptr outputs, ptr workspace)` in memory.

    address       where its machine code begins
    parameters    the arrays that it reads, one pointer each in `inputs`
    results       the arrays that it writes, one pointer each in `outputs`
    workspace     the bytes that it needs besides, aligned to 64, not initialised
    failures      the exception of a return code k > 0 is `failures[k - 1](details)`; at −1 one has been raised already
    keep          what must live as long as the machine code
    releases_gil  whether it runs long enough that other threads should run Python meanwhile
    strict        makes the kernel that runs where this one returns `AGAIN`, with the pointers that its failure tells first
    release       gives back what hangs on a chain, `void release(ptr chain, ptr end)`; 0 if no result is a list
    """

    address: int
    parameters: tuple[ArrayType, ...]
    results: tuple[ArrayType, ...]
    workspace: int
    failures: tuple[Callable[[Details], Exception], ...]
    keep: object
    releases_gil: bool = False
    release: int = 0
    strict: Callable[[], Executable] | None = None

    def failure(self, code: int, workspace: int, details: Details) -> BaseException:
        """What a return code says about the kernel that has a workspace."""
        if code < 0:
            return callback.take_exception(workspace)
        return self.failures[code - 1](details)

    def run(self, inputs: int, outputs: int) -> None:
        """Run the kernel on arrays at pointers, in a workspace of its own. It raises what the kernel fails with."""
        room = ctypes.create_string_buffer(self.workspace + ALIGNMENT + ctypes.sizeof(_DETAILS))
        workspace = -(-ctypes.addressof(room) // ALIGNMENT) * ALIGNMENT
        code = _KERNEL(self.address)(inputs, outputs, workspace)
        if code != 0:
            first, second, third, fourth = _DETAILS.from_address(workspace)
            raise self.failure(code, workspace, (first, second, third, fourth))


ALIGNMENT = 64
_KERNEL = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 3)
_DETAILS = ctypes.c_int64 * 4
