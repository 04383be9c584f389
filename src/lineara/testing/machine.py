"""Machine code under watch: every array ends, or begins, at a page that nobody may touch, in memory that has anything in it.

A kernel that reads or writes beyond an array ends the process, one that writes a little before it or changes an operand raises
`AssertionError`, and one whose results depend on what was in memory gives other bits when the memory has other bits.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from random import Random
from typing import Any
from unittest.mock import patch

import numpy as np

from lineara.backends.choice import chosen
from lineara.backends.native import space
from lineara.backends.native.boundary import entering, leaving
from lineara.backends.native.executable import AGAIN, Executable
from lineara.backends.native.program import Program as Module
from lineara.backends.native.run import graph_of
from lineara.backends.reference import evaluate
from lineara.backends.tape import Tape
from lineara.ir import Function
from lineara.testing.numerics import measured, precision
from lineara.testing.values import Value, arrays, bits, observe

Array = np.ndarray[Any, Any]
PAGE = mmap.PAGESIZE
PATTERNS = (0xFF, 0x2B)
"""The bytes of memory that is not written yet: of a nan or −1, and of an ordinary number."""
MARGIN = 64
"""The bytes at the other end of an array that are looked at afterwards."""
ROUNDING = 64
"""Results differ by at most so many times the precision of the coarsest dtype of a program, as against its largest value,"""
SLACK = 32
"""or by so many times what results of the reference move by when its values are disturbed in their last digits."""
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


class Fenced:
    """Bytes that end at a page that nobody may touch, or begin after one."""

    def __init__(self, size: int, pattern: int, *, fence_before: bool) -> None:
        room = -(-(size + MARGIN) // PAGE) * PAGE
        whole = np.frombuffer(mmap.mmap(-1, room + PAGE), np.uint8)
        fence = 0 if fence_before else room
        _protect(whole.ctypes.data + fence)
        self.memory = whole[PAGE:] if fence_before else whole[:room]
        start = 0 if fence_before else room - size
        self.pattern, self.bytes = pattern, self.memory[start : start + size]
        rest = (self.memory[size:], self.memory[:start])[not fence_before]
        self.margin = rest[:MARGIN] if fence_before else rest[-MARGIN:]
        self.bytes[:] = self.margin[:] = pattern

    @property
    def address(self) -> int:
        """Where the bytes begin."""
        return self.bytes.ctypes.data

    @property
    def is_intact(self) -> bool:
        """Whether nothing was written beside the bytes."""
        return bool((self.margin == self.pattern).all())


def _protect(address: int) -> None:
    if _libc.mprotect(address, PAGE, 0):
        raise OSError(ctypes.get_errno(), "no page can be protected")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A function and its machine code."""

    function: Function
    executable: Executable

    def entering(self, args: Sequence[Value], keep: list[Any]) -> list[Array]:
        """What the kernel is given for arguments; what must live until it is done is kept."""
        params = (*self.function.params, *self.function.linear_params)
        given = [x for v, a in zip(params, args, strict=True) for x in entering(a, v.type, keep)]
        types = self.executable.parameters
        return [np.asarray(x, t.dtype) for x, t in zip(given, types, strict=True)]

    def leaving(self, given: Sequence[Array]) -> tuple[Array, ...]:
        """The arrays of the results, of what the kernel gave for them."""
        results = (*self.function.results, *self.function.linear_results)
        values = leaving(given, [v.type for v in results], self.executable.release)
        return tuple(arrays(_listed(values)))


def _listed(value: Any) -> Value:
    """A value in which tapes are Python lists."""
    if isinstance(value, tuple):
        return tuple(map(_listed, value))
    return value.items() if isinstance(value, Tape) else value


def compiled(function: Function, level: int = 0, *, on_stack: bool = True) -> Compiled:
    """A function with its machine code; without `on_stack`, small arrays are in the workspace too."""
    with patch.object(space, "ON_STACK", space.ON_STACK if on_stack else 0):
        module = Module(graph_of(function))
    return Compiled(function, module.executable(level))


def watched(
    kernel: Compiled, args: Sequence[Value], pattern: int, *, fence_before: bool
) -> tuple[Array, ...]:
    """The results of a kernel, one array each, when all arrays are at fences.

    Raises:
        AssertionError: something was written beside an array, or an operand was changed.
    """
    executable, keep = kernel.executable, list[Any]()
    given = kernel.entering(args, keep)

    def fenced(size: int) -> Fenced:
        return Fenced(size, pattern, fence_before=fence_before)

    inputs = [fenced(x.nbytes) for x in given]
    outputs = [fenced(t.dtype.itemsize * prod(t.shape)) for t in executable.results]
    workspace = fenced(executable.workspace)
    for place, x in zip(inputs, given, strict=True):
        place.bytes[:] = np.frombuffer(x.tobytes(), np.uint8)
    _call(executable, inputs, outputs, workspace)
    assert all(place.is_intact for place in (*inputs, *outputs, workspace)), (
        "written beside an array"
    )
    for place, x in zip(inputs, given, strict=True):
        assert place.bytes.tobytes() == x.tobytes(), "an operand was changed"
    pairs = zip(outputs, executable.results, strict=True)
    return kernel.leaving([p.bytes.view(t.dtype).reshape(t.shape).copy() for p, t in pairs])


def _call(
    executable: Executable, inputs: Sequence[Fenced], outputs: Sequence[Fenced], workspace: Fenced
) -> None:
    kernel = ctypes.PYFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 3)(executable.address)

    def table(places: Sequence[Fenced]) -> Any:
        return (ctypes.c_void_p * max(1, len(places)))(*[p.address for p in places])

    tables = table(inputs), table(outputs)
    code = kernel(*[ctypes.addressof(t) for t in tables], workspace.address)
    if code == AGAIN and executable.strict is not None:
        _call(executable.strict(), inputs, outputs, workspace)
    if code > 0:
        first, second, third, fourth = map(int, workspace.bytes[:32].view(np.int64))
        raise executable.failures[code - 1]((first, second, third, fourth))


def on_reference(f: Callable[..., Any], *args: Any) -> Any:
    """What a function gives on the reference back end."""
    with chosen("reference"):
        return f(*args)


def same_bits(kernel: Compiled, args: Sequence[Value]) -> tuple[Array, ...]:
    """The results of a kernel, which are the same whatever was in memory, and wherever arrays begin."""
    first = watched(kernel, args, PATTERNS[0], fence_before=False)
    second = watched(kernel, args, PATTERNS[1], fence_before=True)
    assert bits(first) == bits(second), f"from one call to the next {first} becomes {second}"
    return first


def agrees(
    function: Function, args: Sequence[Value], level: int = 0, *, on_stack: bool = True
) -> bool:
    """Check that machine code gives what the reference gives, with dtypes and shapes, to rounding.

    Returns:
        Whether the difference was within `ROUNDING`. Otherwise, as near a jump, what rounding does is measured.

    Raises:
        AssertionError: it gives something else.
    """
    with np.errstate(all="ignore"):
        expected = list(arrays(evaluate(function, args)))
    given = same_bits(compiled(function, level, on_stack=on_stack), args)
    for x, y in zip(given, expected, strict=True):
        assert (x.dtype, x.shape) == (y.dtype, y.shape), (
            f"{x.dtype}{x.shape} for {y.dtype}{y.shape}"
        )
    count = len(function.params)
    _, most = measured(function, args[:count], args[count:])
    bound = ROUNDING * precision(function) * (1 + most) if np.isfinite(most) else 0.0
    if all(_is_near(x, y, bound) for x, y in zip(given, expected, strict=True)):
        return True
    reach = _reach(function, args, expected)
    for x, y, r in zip(given, expected, reach, strict=True):
        assert _is_near(x, y, bound + SLACK * r), f"{x} for {y}, where rounding reaches {r}"
    return False


def _is_near(x: Array, y: Array, bound: Any) -> bool:
    with np.errstate(all="ignore"):
        if x.dtype.kind not in "fc":
            return bool(np.all((x == y) | (bound >= 1)))
        wild = ~np.isfinite(y)
        return bool(np.all(np.where(wild, ~np.isfinite(x), np.abs(x - y) <= bound)))


def _reach(function: Function, args: Sequence[Value], expected: Sequence[Array]) -> list[Any]:
    """How far each element of the results goes when all values are disturbed in their last digits; infinite at a jump."""
    rng, far = Random(1), [np.zeros(y.shape) for y in expected]
    unit = 8 * precision(function)

    def disturbed(x: Array) -> Array:
        if x.dtype.kind not in "fc":
            return x
        noise = [1 + unit * rng.choice((-1, 0, 1)) for _ in range(x.size)]
        return np.asarray(x * np.reshape(noise, x.shape), x.dtype)

    for _ in range(20):
        with np.errstate(all="ignore"):
            moved = _observed(function, args, disturbed)
            for x, y, r in zip(arrays(moved), expected, far, strict=True):
                away = np.abs(x.astype(complex) - y.astype(complex))
                np.maximum(r, np.where(np.isfinite(away), away, np.inf), out=r)
    return far


def _observed(
    function: Function, args: Sequence[Value], disturb: Callable[[Array], Array]
) -> tuple[Value, ...]:
    """Evaluate, with the operands of every equation disturbed."""

    def mapped(x: Value) -> Value:
        if isinstance(x, tuple | list):
            return type(x)([mapped(e) for e in x])
        return disturb(x)

    return observe(
        function, args, lambda e, operands: operands.__setitem__(slice(None), map(mapped, operands))
    )
