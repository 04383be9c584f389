"""What the native back end makes of a function: machine code, and what a call of it must know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lineara.ir import ArrayType

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
