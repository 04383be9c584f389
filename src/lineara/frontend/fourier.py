"""Functions of `numpy.fft`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any

import numpy as np

from lineara.frontend.axes import axes_in_order, axes_of, axis_of
from lineara.frontend.promotion import Array, astype, result_type, shape_of, strong
from lineara.frontend.trace import apply
from lineara.frontend.ufuncs import refuse
from lineara.primitives import fourier as records
from lineara.primitives import shape as shapes

Rule = Callable[..., Array]


def _factor(norm: str | None, n: int, *, inverse: bool) -> float:
    """What a sum over n terms is multiplied by."""
    if norm not in (None, "backward", "ortho", "forward"):
        raise ValueError(f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".')
    if norm == "ortho":
        return 1 / sqrt(n)
    return 1 / n if inverse != (norm == "forward") else 1


def _size(n: Any, default: int) -> int:
    size = default if n is None else int(n)
    if size < 1:
        raise ValueError(f"Invalid number of FFT data points ({size}) specified.")
    return size


def _sized(x: Array, n: int, axis: int) -> Array:
    """The operand with n elements along an axis: cut off, or followed by zeros."""
    have, rank = shape_of(x)[axis], len(shape_of(x))
    if n == have:
        return x
    change = tuple(abs(n - have) if i == axis else 0 for i in range(rank))
    return apply(shapes.pad if n > have else shapes.crop, x, low=(0,) * rank, high=change)


def _scaled(x: Array, factor: float) -> Array:
    return x if factor == 1 else x * factor


def _complex(x: Array) -> Array:
    kind = np.float64 if np.result_type(x).kind in "bui" else np.complex64
    return astype(x, np.result_type(result_type(x), kind, np.complex64))


def _transform(inverse: bool) -> Rule:
    """`np.fft.fft` and `np.fft.ifft`."""

    def transform(
        a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
    ) -> Array:
        refuse("fft", out=out)
        x = _complex(strong(a))
        axis = axis_of(np.ndim(x), axis)
        size = _size(n, shape_of(x)[axis])
        made = apply(records.fft, _sized(x, size, axis), axis=axis, inverse=inverse)
        return _scaled(made, _factor(norm, size, inverse=inverse))

    return transform


fft, ifft = _transform(inverse=False), _transform(inverse=True)


def rfft(
    a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
) -> Array:
    """`np.fft.rfft`."""
    refuse("fft", out=out)
    x = strong(a)
    if np.result_type(x).kind == "c":
        raise TypeError("ufunc 'rfft_n_even' did not contain a loop with complex operands")
    x = astype(x, np.float64) if np.result_type(x).kind in "bui" else x
    axis = axis_of(np.ndim(x), axis)
    size = _size(n, shape_of(x)[axis])
    made = apply(records.rfft, _sized(x, size, axis), axis=axis)
    return _scaled(made, _factor(norm, size, inverse=False))


def irfft(
    a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
) -> Array:
    """`np.fft.irfft`: of frequencies between the first and the middle, the conjugate ones count too."""
    refuse("fft", out=out)
    x = _complex(strong(a))
    axis = axis_of(np.ndim(x), axis)
    size = _size(n, 2 * (shape_of(x)[axis] - 1))
    x = _sized(x, size // 2 + 1, axis)
    times = np.ones(size // 2 + 1, np.real(np.zeros(0, np.result_type(x))).dtype)
    times[1 : (size + 1) // 2] = 2
    times = times.reshape([-1 if i == axis else 1 for i in range(np.ndim(x))])
    made = apply(records.half_spectrum, np.conjugate(x) * times, axis=axis, size=size)
    return _scaled(made, _factor(norm, size, inverse=True))


_SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def hfft(
    a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
) -> Array:
    """`np.fft.hfft`."""
    return irfft(np.conjugate(strong(a)), n, axis, _SWAPPED.get(norm, norm), out)


def ihfft(
    a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
) -> Array:
    """`np.fft.ihfft`."""
    return np.conjugate(rfft(a, n, axis, _SWAPPED.get(norm, norm), out))


def _axes(x: Array, s: Any, axes: Any) -> tuple[list[int | None], list[int]]:
    """The sizes and the axes of a transform along several axes, in their order."""
    rank = np.ndim(x)
    if axes is None:
        axes = range(rank) if s is None else range(rank - len(s), rank)
    given = [axis_of(rank, a) for a in axes]
    if s is not None and len(s) != len(given):
        raise ValueError("Shape and axes have different lengths.")
    return [None if n in (None, -1) else int(n) for n in s or [None] * len(given)], given


def _along_all(a: Any, s: Any, axes: Any, norm: str | None, last: Rule, other: Rule) -> Array:
    """A transform along the last of the axes, then another along those before it."""
    x = strong(a)
    sizes, given = _axes(x, s, axes)
    steps = list(zip(sizes, given, strict=True))[::-1]
    for k, (n, axis) in enumerate(steps):
        x = (other if k else last)(x, n, axis, norm)
    return x


def _over_axes(last: Rule, other: Rule, default: Sequence[int] | None) -> Rule:
    """A transform along several axes; the last of them may be along real values."""

    def transform(
        a: Any, s: Any = None, axes: Any = default, norm: str | None = None, out: Any = None
    ) -> Array:
        refuse("fft", out=out)
        return _along_all(a, s, axes, norm, last, other)

    return transform


def _inverse_real(default: Sequence[int] | None) -> Rule:
    """`np.fft.irfftn`: the axes before the last, then the last."""

    def transform(
        a: Any, s: Any = None, axes: Any = default, norm: str | None = None, out: Any = None
    ) -> Array:
        refuse("fft", out=out)
        x = strong(a)
        sizes, given = _axes(x, s, axes)
        for n, axis in zip(sizes[:-1], given[:-1], strict=True):
            x = ifft(x, n, axis, norm)
        return irfft(x, sizes[-1], given[-1], norm)

    return transform


def _shifted(sign: int) -> Rule:
    """`np.fft.fftshift` and `np.fft.ifftshift`."""

    def shift(x: Any, axes: Any = None) -> Array:
        x = strong(x)
        rank = np.ndim(x)
        given = axes_of(rank, None) if axes is None else axes_in_order(rank, axes)
        return np.roll(x, [sign * (shape_of(x)[i] // 2) for i in given], given)

    return shift


FUNCTIONS: dict[Callable[..., Any], Rule] = {
    np.fft.fft: fft,
    np.fft.ifft: ifft,
    np.fft.rfft: rfft,
    np.fft.irfft: irfft,
    np.fft.hfft: hfft,
    np.fft.ihfft: ihfft,
    np.fft.fftn: _over_axes(fft, fft, None),
    np.fft.ifftn: _over_axes(ifft, ifft, None),
    np.fft.rfftn: _over_axes(rfft, fft, None),
    np.fft.irfftn: _inverse_real(None),
    np.fft.fft2: _over_axes(fft, fft, (-2, -1)),
    np.fft.ifft2: _over_axes(ifft, ifft, (-2, -1)),
    np.fft.rfft2: _over_axes(rfft, fft, (-2, -1)),
    np.fft.irfft2: _inverse_real((-2, -1)),
    np.fft.fftshift: _shifted(1),
    np.fft.ifftshift: _shifted(-1),
}
"""What each of NumPy's functions is on traced arrays."""
