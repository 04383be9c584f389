"""Arguments that a kernel takes as they are, and the structure of what it returns."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from sys import intern
from typing import Any

import numpy as np

from lineara.backends.native.calling.layout import KernelData, SignatureData, leaves
from lineara.backends.native.calling.machine import machine, native, set_fields
from lineara.backends.native.calling.structure import Structure, count, nodes
from lineara.backends.native.executable import AGAIN, Executable

_FREE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

SMALLEST = 64
"""The bytes of a workspace at least: its head is where failures tell their details."""


class Kernel:
    """An executable that may be called, with the workspace that it keeps from call to call."""

    __slots__ = ("_fail", "_free", "_leaves", "data", "executable")

    def __init__(self, executable: Executable) -> None:
        self.executable = executable
        self._leaves = leaves(executable.results)
        self._free = _FREE(machine()["free_workspace"])
        self.data = KernelData(
            code=executable.address,
            inputs=len(executable.parameters),
            outputs=len(executable.results),
            leaves=ctypes.addressof(self._leaves),
            workspace=max(SMALLEST, executable.workspace),
            kept=None,
            releases=executable.releases_gil,
        )
        self._fail = _failure(executable, self.data)
        self.data.fail = id(self._fail)

    def __del__(self) -> None:
        data, self.data.kept = self.data.kept, None
        self._free(data)


def _failure(executable: Executable, data: KernelData) -> Callable[[int, int, bytes], None]:
    """What raises the exception of a return code, or runs the strict kernel, which has the place of the other from then on."""
    known: list[Executable] = []

    def fail(code: int, workspace: int, details: bytes) -> None:
        first, second, third, fourth = memoryview(details).cast("q")
        if code != AGAIN or executable.strict is None:
            now = known[0] if known else executable
            raise now.failure(code, workspace, (first, second, third, fourth))
        known.extend([] if known else [executable.strict()])
        if known[0].workspace <= data.workspace:
            data.code = known[0].address
        known[0].run(first, second)

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
