"""Hand-written C++ adjoints as peers: compiled when first used, called through ctypes with prepared pointers."""

from __future__ import annotations

import ctypes
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from harness.workload import Inputs, Peer

FLAGS = ("-std=c++17", "-O3", "-march=native", "-ffast-math")
VARIABLE = "LINEARA_PEERS"
"""The environment variable that names the folder with the sources, in its `csrc`."""

Arguments = Callable[[Inputs, int], Sequence[Any]]
Outputs = Callable[[Inputs, int], Sequence[np.ndarray]]


class LimitMissingError(Exception):
    """The sources or the compiler are not there."""


def source_path(name: str) -> Path:
    """Where a source is."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        raise LimitMissingError("no folder of peers is given")
    path = Path(folder) / "csrc" / name
    if not path.is_file():
        raise LimitMissingError(f"{path} is not there")
    return path


@cache
def library(name: str, flags: tuple[str, ...] = ()) -> ctypes.CDLL:
    """A source compiled and loaded; what is compiled is kept, by content."""
    path = source_path(name)
    parts = [path.read_bytes(), *[h.read_bytes() for h in sorted(path.parent.glob("*.h"))]]
    parts += [" ".join((*FLAGS, *flags)).encode(), str(path).encode()]
    folder = Path(tempfile.gettempdir()) / f"lineara-limits-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    target = folder / f"{path.stem}-{hashlib.sha256(b''.join(parts)).hexdigest()[:16]}.so"
    if not target.exists():
        made = target.with_suffix(f".{os.getpid()}")
        compiler = ["gcc"] if path.suffix == ".c" else ["g++"]
        chosen = [f for f in (*FLAGS, *flags) if path.suffix != ".c" or "std=" not in f]
        command = [*compiler, *chosen, "-shared", "-fPIC", "-w", "-o", str(made), str(path), "-lm"]
        subprocess.run(command, check=True, capture_output=True)
        made.replace(target)
    return ctypes.CDLL(str(target))


def native(value: Any) -> Any:
    """An argument as C takes it: arrays by pointer, integers as int, floats as double."""
    match value:
        case np.ndarray():
            return ctypes.c_void_p(value.ctypes.data)
        case int():
            return ctypes.c_int(value)
        case float():
            return ctypes.c_double(value)
        case None:
            return ctypes.c_void_p(0)
    return value


def prepared(function: Any, arguments: Sequence[Any]) -> Callable[[], None]:
    """A call with nothing left to convert; it keeps its arrays alive."""
    function.restype = None
    converted = [native(a) for a in arguments]

    def call(function: Any = function, converted: Any = converted, kept: Any = arguments) -> None:
        function(*converted)

    return call


def limit(
    source: str,
    function: str | None,
    derivative: str,
    arguments: Arguments,
    values: Outputs,
    derivatives: Outputs,
    arrange: Callable[[list[np.ndarray]], list[np.ndarray]] = lambda arrays: arrays,
    flags: tuple[str, ...] = (),
    tail: tuple[None, ...] = (),
) -> Callable[[Inputs, int], Peer]:
    """A peer from a C function and its adjoint.

    Both take the arguments and the arrays of values, the adjoint the arrays of derivatives after them, the function `tail`;
    `arrange` puts the arrays in the order in which the libraries give them.
    """

    def make(inputs: Inputs, size: int) -> Peer:
        compiled = library(source, flags)
        given = [
            np.ascontiguousarray(a) if isinstance(a, np.ndarray) else a
            for a in arguments(inputs, size)
        ]
        results, partials = list(values(inputs, size)), list(derivatives(inputs, size))
        calls = [
            prepared(getattr(compiled, name), [*given, *results, *rest]) if name else None
            for name, rest in ((function, tail), (derivative, partials))
        ]
        assert calls[1] is not None
        return Peer(calls[0], calls[1], lambda _: arrange([a.copy() for a in results + partials]))

    return make


def scalar(_inputs: Inputs, _size: int) -> list[np.ndarray]:
    """One value."""
    return [np.zeros(1)]


def like(*names: str) -> Outputs:
    """One array with room for the derivatives in some of the inputs, one after the other."""
    return lambda inputs, _size: [np.zeros(sum(np.size(inputs[n]) for n in names))]
