"""From an executable to a callable of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from lineara.backends.native.calling import ARRAY, Dispatcher, Kernel, Signature
from lineara.backends.native.executable import Executable
from lineara.errors import DtypeError, ShapeError
from lineara.ir import ArrayType

Arrays = tuple[np.ndarray[Any, Any], ...]


def entry_point(executable: Executable) -> Callable[..., Arrays]:
    """A callable that runs an executable on as many arrays as it has parameters.

    It takes Python numbers, NumPy scalars and arrays. What has the exact type of its parameter, in C order, aligned and of the
    processor's byte order, is read where it is; anything else that can be converted is converted first.

    Returns:
        A callable that gives a tuple of new arrays that own their memory.

    Raises:
        ShapeError, DtypeError: an argument that does not fit. OverflowError: a Python integer that its dtype does not hold.
    """
    return entry_of(Kernel(executable))


def entry_of(kernel: Kernel) -> Callable[..., Arrays]:
    """A callable that runs a kernel; see `entry_point`."""
    parameters, results = kernel.executable.parameters, kernel.executable.results
    signature = Signature(kernel, [ARRAY] * len(parameters), (ARRAY,) * len(results))
    exact = Dispatcher(_refuse)
    exact.add(signature)

    def convert(*args: Any) -> Arrays:
        given: Arrays = exact(*fit(args, parameters))
        return given

    entry = Dispatcher(convert)
    entry.add(signature)
    return entry


def _refuse(*args: Any) -> NoReturn:
    raise AssertionError(f"arguments that do not fit a kernel: {args}")


def fit(args: Sequence[Any], parameters: Sequence[ArrayType]) -> Arrays:
    """Arguments as the arrays that a kernel reads.

    Raises:
        ShapeError, DtypeError: an argument that does not fit. OverflowError: a Python integer that its dtype does not hold.
    """
    if len(args) != len(parameters):
        raise ShapeError(
            f"{len(parameters)} arguments are needed, not {len(args)}", mend="give one each"
        )
    return tuple([_fit(x, t, i) for i, (x, t) in enumerate(zip(args, parameters, strict=True))])


def _fit(x: Any, type_: ArrayType, number: int) -> np.ndarray[Any, Any]:
    """One argument in memory as a kernel reads it: in C order, aligned, of exactly this dtype."""
    array = _array(x, type_, number)
    if array.shape != type_.shape:
        raise ShapeError(
            f"argument {number} is {array.dtype}{list(array.shape)}, and {type_!r} is needed",
            mend="give an array of that shape",
        )
    if not np.can_cast(array.dtype, type_.dtype, "same_kind"):
        raise DtypeError(
            f"argument {number} is {array.dtype}{list(array.shape)}, and {type_!r} is needed",
            mend=f"convert it: .astype({type_.dtype.name!r})",
        )
    fitted = np.require(array, type_.dtype, ["C", "A", "E"])
    return fitted if fitted.dtype.char == type_.dtype.char else fitted.view(type_.dtype)


def _array(x: Any, type_: ArrayType, number: int) -> np.ndarray[Any, Any]:
    if type(x) is int and type_.dtype.kind in "iu":
        low, high = np.iinfo(type_.dtype).min, np.iinfo(type_.dtype).max
        if not low <= x <= high:
            raise OverflowError(
                f"argument {number} is an integer that {type_!r} does not hold: it is not from {low} to {high}"
            )
        return np.asarray(x, type_.dtype)
    return np.asarray(x)
