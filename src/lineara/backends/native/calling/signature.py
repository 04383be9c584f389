"""Arguments that a kernel takes as they are, and the structure of what it returns."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from sys import intern
from typing import Any

import numpy as np

from lineara.backends.native import callback
from lineara.backends.native.calling.layout import KernelData, SignatureData, leaves
from lineara.backends.native.calling.machine import machine, native, set_fields
from lineara.backends.native.calling.structure import Structure, count, nodes
from lineara.backends.native.executable import Executable

_FREE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

SMALLEST = 64
"""The bytes of a workspace at least: its head is where failures tell their details."""


class Kernel:
    """An executable that may be called, with the workspace that it keeps from call to call."""

    __slots__ = ("_fail", "_free", "_leaves", "data", "executable")

    def __init__(self, executable: Executable) -> None:
        self.executable = executable
        self._leaves = leaves(executable.results)
        self._fail = _failure(executable)
        self._free = _FREE(machine()["free_workspace"])
        self.data = KernelData(
            code=executable.address,
            inputs=len(executable.parameters),
            outputs=len(executable.results),
            leaves=ctypes.addressof(self._leaves),
            workspace=max(SMALLEST, executable.workspace),
            kept=None,
            fail=id(self._fail),
            releases=executable.releases_gil,
        )

    def __del__(self) -> None:
        data, self.data.kept = self.data.kept, None
        self._free(data)


def _failure(executable: Executable) -> Callable[[int, int, bytes], None]:
    """What raises the exception of a return code."""

    def fail(code: int, workspace: int, details: bytes) -> None:
        if code < 0:
            raise callback.take_exception(workspace)
        first, second, third, fourth = memoryview(details).cast("q")
        raise executable.failures[code - 1]((first, second, third, fourth))

    return fail


@native
class Signature:
    """Arguments that a kernel takes as they are, and the structure of what it returns.

    Args:
        kernel: what is run.
        arguments: the structures of the arguments, the positional ones first.
        names: the names of the others.
        result: the structure of the results of the kernel.
        bound: arrays that the kernel takes after those of the arguments; they are copied.

    Raises:
        ValueError: a structure of which native code knows nothing, or that does not fit the kernel.
    """

    __slots__ = ("_keep", "bound", "kernel")

    def __init__(
        self,
        kernel: Kernel,
        arguments: Sequence[Structure],
        result: Structure,
        *,
        names: Sequence[str] = (),
        bound: Sequence[np.ndarray[Any, Any]] = (),
    ) -> None:
        self.kernel = kernel
        parameters, results = kernel.executable.parameters, kernel.executable.results
        self.bound = tuple(np.array(b, order="C") for b in bound)
        if count(tuple(arguments)) + len(bound) != len(parameters) or count(result) != len(results):
            raise ValueError("the structures have not as many arrays as the kernel")
        types = leaves(parameters)
        taken, keep = nodes(arguments, types)
        given, keep_too = nodes([result], None)
        interned = tuple(map(intern, names))
        addresses = (ctypes.c_void_p * len(bound))(*[b.ctypes.data for b in self.bound])
        data = SignatureData(
            kernel=ctypes.addressof(kernel.data),
            positional=len(arguments) - len(names),
            named=len(names),
            names=id(interned),
            nodes=ctypes.addressof(taken),
            result=ctypes.addressof(given),
            bound=len(bound),
            addresses=ctypes.addressof(addresses),
        )
        self._keep = (types, taken, keep, given, keep_too, interned, addresses, data)
        set_fields(self, 0, data)
