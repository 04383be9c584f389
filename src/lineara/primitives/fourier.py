"""Discrete Fourier transforms along an axis, without a factor; those are the front end's.

The matrix of the transform, e^(−2πi jk/n), is symmetric, and the pairing of complex values has no conjugate: the transform
is its own transpose. Of real values, half the frequencies are enough; `half_spectrum` undoes nothing, it is the transpose.
"""

from __future__ import annotations

from math import ceil, log2
from typing import Any

import numpy as np

from lineara.errors import ShapeError
from lineara.ir import ArrayType, Attributes, Example, Primitive
from lineara.primitives.conversion import complex_of
from lineara.primitives.forms import REAL, along_axis, check_kind, multilinear, real_of
from lineara.primitives.shape import check_axis, with_dim

FIRST = (frozenset((0,)),)
Types = tuple[ArrayType, ...]


def _work(operands: Types, results: Types, attributes: Attributes) -> int:
    """n·log₂ n, for the longer of the operand and the result, which is at least one of the two."""
    x, y = operands[0], results[0]
    n = max(x.shape[attributes["axis"]], y.shape[attributes["axis"]], 1)
    return max(x.size, y.size) * max(1, ceil(log2(n)))


def _along(name: str, kinds: str, x: ArrayType, axis: int) -> int:
    """The size of the axis that a transform goes along."""
    check_kind(name, kinds, x)
    check_axis(name, x, axis)
    n: int = x.shape[axis]
    if n < 1:
        raise ShapeError(f"`{name}` of {x!r} along axis {axis}", mend="give at least one element")
    return n


def _fft(x: Any, *, axis: int, inverse: bool) -> Any:
    if inverse:
        return np.fft.ifft(x, axis=axis, norm="forward")
    return np.fft.fft(x, axis=axis)


def _transform(m: Any, name: str, operands: Any, results: Any, axis: int) -> None:
    x, y = (m.view(block).moved(axis) for block in (*operands, *results))
    m.fourier(name, x, y)


def _routine_fft(m: Any, operands: Any, results: Any, *, axis: int, inverse: bool) -> None:
    _transform(m, "ifft" if inverse else "fft", operands, results, axis)


def _infer_fft(x: ArrayType, *, axis: int, inverse: bool) -> tuple[ArrayType, ...]:
    _along("fft", "c", x, axis)
    if not isinstance(inverse, bool):
        raise ShapeError(f"`fft` has no inverse={inverse!r}", mend="give true or false")
    return (x,)


def _examples(*types: tuple[str, tuple[int, ...], int], **more: Any) -> tuple[Example, ...]:
    return tuple(
        Example((ArrayType(dtype, shape),), tuple(sorted({"axis": axis, **more}.items())))
        for dtype, shape, axis in types
    )


fft: Primitive = multilinear(
    "fft",
    "Σⱼ x[j]·e^(−2πi jk/n) along an axis, or with e^(2πi jk/n) if inverse",
    _fft,
    _infer_fft,
    lambda operands, cotangents, *, axis, inverse: [fft(cotangents[0], axis=axis, inverse=inverse)],
    linear_in=FIRST,
    batch=along_axis,
    family="fourier",
    work=_work,
    routine=_routine_fft,
    examples=(
        *_examples(("c128", (4,), 0), ("c64", (2, 3), 1), ("c128", (1, 2), 0), inverse=False),
        *_examples(("c128", (3, 2), 0), ("c128", (0, 5), 1), ("c128", (2, 1), 1), inverse=True),
    ),
)


def _rfft(x: Any, *, axis: int) -> Any:
    return np.fft.rfft(x, axis=axis)


def _routine_rfft(m: Any, operands: Any, results: Any, *, axis: int) -> None:
    parity = "odd" if operands[0].type.shape[axis] % 2 else "even"
    _transform(m, f"rfft_n_{parity}", operands, results, axis)


def _infer_rfft(x: ArrayType, *, axis: int) -> tuple[ArrayType, ...]:
    n = _along("rfft", REAL, x, axis)
    return (ArrayType(complex_of(x.dtype), with_dim(x.shape, axis, n // 2 + 1)),)


def _infer_half_spectrum(x: ArrayType, *, axis: int, size: int) -> tuple[ArrayType, ...]:
    k = _along("half_spectrum", "c", x, axis)
    if size < 1 or size // 2 + 1 != k:
        raise ShapeError(
            f"`half_spectrum` of {x!r} along axis {axis} cannot give {size} elements",
            mend=f"{k} frequencies are half of {2 * k - 2 or 1} or {2 * k - 1}",
        )
    return (ArrayType(real_of(x.dtype), with_dim(x.shape, axis, size)),)


def _half_spectrum(x: Any, *, axis: int, size: int) -> Any:
    """The inverse of `rfft` counts the frequencies between the first and the middle twice."""
    halved = np.conj(np.moveaxis(x, axis, -1))
    halved[..., 1 : (size + 1) // 2] /= 2
    given = np.fft.irfft(halved, size, norm="forward")
    return np.moveaxis(given, -1, axis)


def _routine_half_spectrum(m: Any, operands: Any, results: Any, *, axis: int, size: int) -> None:
    x, y = (m.view(block).moved(axis) for block in (*operands, *results))
    if not y.size:
        return
    halved = m.mapped(m.conj, x)
    middle = m.within(halved, 1, (size + 1) // 2)
    m.map(lambda z: z / 2, [middle], middle)
    m.fourier("irfft", halved, y)


rfft: Primitive = multilinear(
    "rfft",
    "Σⱼ x[j]·e^(−2πi jk/n) along an axis, for real x and 0 ≤ k ≤ n/2",
    _rfft,
    _infer_rfft,
    lambda operands, cotangents, *, axis: [
        half_spectrum(cotangents[0], axis=axis, size=operands[0].shape[axis])
    ],
    linear_in=FIRST,
    batch=along_axis,
    family="fourier",
    work=_work,
    routine=_routine_rfft,
    examples=_examples(
        ("f64", (4,), 0),
        ("f32", (2, 3), 1),
        ("f64", (5, 2), 0),
        ("f64", (1,), 0),
        ("f64", (0, 2), 1),
    ),
)

half_spectrum: Primitive = multilinear(
    "half_spectrum",
    "Re Σₖ x[k]·e^(−2πi jk/size) over half the frequencies, 0 ≤ k ≤ size/2, along an axis",
    _half_spectrum,
    _infer_half_spectrum,
    lambda operands, cotangents, *, axis, size: [rfft(cotangents[0], axis=axis)],
    linear_in=FIRST,
    batch=along_axis,
    family="fourier",
    work=_work,
    routine=_routine_half_spectrum,
    examples=(
        *_examples(("c128", (3,), 0), ("c64", (2, 3), 1), size=4),
        *_examples(("c128", (3, 2), 0), ("c128", (0, 3), 1), size=5),
        *_examples(("c128", (1,), 0), size=1),
    ),
)
