"""Python from inside a kernel: functions that it calls, and the exceptions that they raise.

A kernel calls `i32 callback(ptr workspace, ptr operands, ptr results)`; operands and results are arrays of pointers as a
kernel's are, and the workspace is the kernel's own, which tells one call from another. At −1 the kernel returns −1 at once.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import numpy as np

from lineara.errors import ShapeError
from lineara.ir import ArrayType

_exceptions: dict[int, BaseException] = {}
_lock = Lock()

_PROTOTYPE = ctypes.CFUNCTYPE(
    ctypes.c_int32,
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.POINTER(ctypes.c_void_p),
)


def take_exception(workspace: int) -> BaseException:
    """What a callback raised in the kernel that has this workspace."""
    with _lock:
        return _exceptions.pop(workspace, None) or SystemError("a kernel failed without a reason")


class Callback:
    """A Python function of arrays that a kernel can call, with or without the GIL, from any thread.

    Args:
        evaluate: takes an array for each operand, which it must not change or keep, and gives a tuple of arrays.
        operands, results: their types.
    """

    __slots__ = ("_entry", "address", "evaluate", "operands", "results")

    def __init__(
        self,
        evaluate: Callable[..., tuple[Any, ...]],
        operands: Sequence[ArrayType],
        results: Sequence[ArrayType],
    ) -> None:
        self.evaluate = evaluate
        self.operands, self.results = tuple(operands), tuple(results)
        self._entry = _PROTOTYPE(self._run)
        self.address: int = ctypes.cast(self._entry, ctypes.c_void_p).value or 0

    def _run(self, workspace: int, operands: Any, results: Any) -> int:
        try:
            given = [_view(operands[i], t, False) for i, t in enumerate(self.operands)]
            with np.errstate(all="ignore"):
                made = self.evaluate(*given)
            for i, (x, t) in enumerate(zip(made, self.results, strict=True)):
                _write(_view(results[i], t, True), x, t)
        except BaseException as error:  # noqa: BLE001  (the caller of the kernel raises it)
            with _lock:
                _exceptions[workspace] = error
            return -1
        return 0


def _view(address: int, type_: ArrayType, writeable: bool) -> np.ndarray[Any, Any]:
    """The memory of a kernel as an array."""
    memory: Any = (ctypes.c_char * type_.nbytes).from_address(address)
    array: np.ndarray[Any, Any] = np.ndarray(type_.shape, type_.dtype, memory)
    array.flags.writeable = writeable
    return array


def _write(place: np.ndarray[Any, Any], value: Any, type_: ArrayType) -> None:
    array = np.asarray(value)
    if array.shape != type_.shape or not np.can_cast(array.dtype, type_.dtype, "same_kind"):
        raise ShapeError(
            f"a function that a kernel calls gave {array.dtype}{list(array.shape)}, and {type_!r} is needed",
            mend="give arrays of the types that were declared",
        )
    place[...] = array


def install(table: int, callbacks: Sequence[Callback]) -> None:
    """Write the addresses of callbacks into a global array of pointers of a library, once it is loaded."""
    places = (ctypes.c_void_p * len(callbacks)).from_address(table)
    for i, callback in enumerate(callbacks):
        places[i] = callback.address
