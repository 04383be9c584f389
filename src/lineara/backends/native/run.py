"""Functions as machine code: compiled once for their content, called on values."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

from lineara.backends.native import debug, kept
from lineara.backends.native.boundary import entering, leaving
from lineara.backends.native.calling import Kernel
from lineara.backends.native.constants import NOTHING, Known, with_known
from lineara.backends.native.entry import entry_of
from lineara.backends.native.executable import Executable
from lineara.backends.native.flat import Graph, flatten
from lineara.backends.native.lines import LineRecorder
from lineara.backends.native.listing import listed
from lineara.backends.native.program import Program
from lineara.backends.native.selection import selected
from lineara.backends.native.simplify import simplified
from lineara.backends.native.tapes import shortened
from lineara.ir import Function, collector_paused

ROOM = 2000
"""How many kernels are kept, the least recently used forgotten beyond."""

Entry = Callable[..., tuple[Any, ...]]
_kernels: OrderedDict[tuple[bytes, int | None, Any], tuple[Kernel, Entry]] = OrderedDict()
_lock = Lock()


def graph_of(function: Function, known: Known = NOTHING) -> Graph:
    """What is compiled of a function."""
    return simplified(shortened(selected(with_known(flatten(function), known))))


def kernel(
    function: Function, level: int | None = None, known: Known = NOTHING
) -> tuple[Kernel, Entry]:
    """The kernel of a function, compiled if it is not known, and a callable of the arrays of its parameters."""
    key = function.digest, level, known.key
    with _lock:
        found = _kernels.get(key)
        if found is not None:
            _kernels.move_to_end(key)
            return found
    strict = lambda: _executable(function, level, known, strict=True)  # noqa: E731
    made = Kernel(replace(_executable(function, level, known), strict=strict))
    entry = made, entry_of(made)
    with _lock:
        _kernels[key] = entry
        while len(_kernels) > ROOM:
            _kernels.popitem(last=False)
    return entry


def is_known(function: Function, level: int | None = None) -> bool:
    """Whether the machine code of a function is at hand, here or on disk."""
    with _lock:
        if (function.digest, level, NOTHING.key) in _kernels:
            return True
    name = kept.key_of(function, level, NOTHING, strict=False)
    return name is not None and kept.has(name)


def _executable(
    function: Function, level: int | None, known: Known, *, strict: bool = False
) -> Executable:
    """The machine code of a function, which is kept on disk."""
    if debug.is_on() and not strict:
        return _for_debuggers(function, level, known)
    name = kept.key_of(function, level, known, strict=strict)
    found = kept.found(name) if name else None
    if found is not None:
        return found
    with collector_paused():
        program = Program(graph_of(function, known), strict=strict)
        image, code = program.image(level)
    if name and not program.callbacks:
        kept.put(name, image)
    return image.loaded(code, program.callbacks)


def _for_debuggers(function: Function, level: int | None, known: Known) -> Executable:
    """The machine code of a function, with the lines that it comes from."""
    recorder = LineRecorder(function.name)
    program, _, _ = listed(function, graph_of(function, known), recorder)
    image, code = program.image(level)
    return image.loaded(code, program.callbacks, function.name)


def clear() -> None:
    """Forget all kernels."""
    with _lock:
        _kernels.clear()


def run(
    function: Function, args: Sequence[Any], level: int | None = None, known: Known = NOTHING
) -> tuple[Any, ...]:
    """Run a function on values of its parameters, the linear ones last; gives all results, the linear ones last.

    Raises:
        ShapeError, DtypeError: if the arguments do not fit the parameters.
    """
    made, entry = kernel(function, level, known)
    params = (*function.params, *function.linear_params)
    keep: list[Any] = []
    given = [x for v, a in zip(params, args, strict=True) for x in entering(a, v.type, keep)]
    results = (*function.results, *function.linear_results)
    return leaving(entry(*given), [v.type for v in results], made.executable.release)
