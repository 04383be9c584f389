"""Programs that use each function of the standard, with inputs: shapes, dtypes and a range of values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import lineara.numpy as lnp

REAL = ("f8", "f4")
INEXACT = (*REAL, "c16")
NUMBER = (*INEXACT, "i8", "u1")
ALL = (*NUMBER, "?")
ORDERED = (*REAL, "i8", "u1")
INTEGER = ("i8", "u1")
BITS = (*INTEGER, "?")
ONE, PAIR = ((), (3,), (2, 3), (0, 2)), (((2, 3), (2, 3)), ((2, 1), (3,)), ((), (2,)))
M, V, S = (2, 3), (4,), (3, 3)


@dataclass(frozen=True)
class Case:
    """Functions of `xp`, the namespace, and arrays of each of the shapes."""

    programs: list[Callable[..., Any]]
    shapes: tuple[Any, ...] = (M,)
    dtypes: tuple[str, ...] = NUMBER
    low: float = -2.0
    high: float = 2.0


def called(name: str) -> Callable[..., Any]:
    return lambda xp, *args: getattr(xp, name)(*args)


def simple(names: str, shapes: tuple[Any, ...], *rest: Any) -> dict[str, Case]:
    """Functions of arrays alone."""
    return {name: Case([called(name)], shapes, *rest) for name in names.split()}


def definite(x: Any) -> Any:
    return x @ lnp.conj(lnp.matrix_transpose(x)) + 3 * np.eye(x.shape[-1])


ELEMENTWISE = {
    **simple("sin cos exp sinh cosh tanh atan asinh expm1", ONE, (*INEXACT, "i8"), -0.9, 0.9),
    **simple("tan asin acos atanh", ONE, INEXACT, -0.8, 0.8),
    **simple("log1p", ONE, (*INEXACT, "i8"), 0.1, 1.0),
    **simple("log log2 log10 sqrt", ONE, (*INEXACT, "i8"), 0.5, 3.0),
    **simple("acosh", ONE, INEXACT, 1.2, 3.0),
    **simple("negative square positive conj sign", ONE),
    **simple("abs", ONE, ALL),
    **simple("reciprocal", ONE, INEXACT, 0.5, 2.0),
    **simple("floor ceil trunc", ONE, ORDERED),
    **simple("round real imag", ONE),
    **simple("isnan isinf isfinite logical_not", ONE, ALL),
    **simple("signbit", ONE, REAL),
    **simple("bitwise_invert", ONE, BITS),
    **simple("add multiply", PAIR, ALL),
    **simple("subtract", PAIR),
    **simple("divide", PAIR, NUMBER, 0.5, 3.0),
    **simple("pow", PAIR, NUMBER, 0.5, 2.0),
    **simple("floor_divide remainder", PAIR, ORDERED, 1.0, 3.0),
    **simple("maximum minimum", PAIR, ORDERED),
    **simple("equal not_equal", PAIR, ALL),
    **simple("less less_equal greater greater_equal", PAIR, ORDERED),
    **simple("logical_and logical_or logical_xor", PAIR, ALL),
    **simple("bitwise_and bitwise_or bitwise_xor", PAIR, BITS),
    **simple("bitwise_left_shift bitwise_right_shift", PAIR, ("i8", "i4"), 0.0, 1.0),
    **simple("atan2 hypot copysign logaddexp", PAIR, (*REAL, "i8"), 0.5, 3.0),
    **simple("nextafter", PAIR, REAL),
    "clip": Case(
        [lambda xp, x: xp.clip(x, 0, 1), lambda xp, x: xp.clip(x, max=0.5)], (M, ()), ORDERED
    ),
}
CREATION = {
    "arange": Case(
        [lambda xp, x: xp.arange(x, x + 3), lambda xp, x: xp.arange(0.0, 1.0, x)],
        ((),),
        ("f8", "i8"),
        0.3,
        0.45,
    ),
    "asarray": Case(
        [
            lambda xp, x: xp.asarray(x),
            lambda xp, x: xp.asarray(x, dtype=xp.complex128),
        ],
    ),
    "empty": Case([lambda xp, x: x * len(xp.empty((2, 3)))]),
    "empty_like": Case([lambda xp, x: len(xp.empty_like(x)) * xp.ones_like(x)]),
    "eye": Case([lambda xp, x: x * xp.eye(2, 3, k=1)]),
    "from_dlpack": Case([lambda xp, x: x + xp.from_dlpack(np.ones(3))]),
    "full": Case([lambda xp, x: xp.full((2, 3), x), lambda xp, x: x + xp.full(2, 1.5)], ((),)),
    "full_like": Case([lambda xp, x: xp.full_like(x, 2)]),
    "linspace": Case(
        [
            lambda xp, x: xp.linspace(0, x, 4),
            lambda xp, x: xp.linspace(x, 2, 3, endpoint=False),
        ],
        ((),),
        ("f8", "i8", "c16"),
    ),
    "meshgrid": Case([lambda xp, x, y: xp.meshgrid(x, y, indexing="ij")], (((2,), (3,)),)),
    "ones": Case([lambda xp, x: x * xp.ones((2, 3))]),
    "zeros": Case([lambda xp, x: x + xp.zeros((2, 3), dtype=xp.float32)]),
    "tril": Case([lambda xp, x: xp.tril(x, k=-1)], (M, S)),
    "triu": Case([lambda xp, x: xp.triu(x)], (M, (2, 2, 2))),
    **simple("ones_like zeros_like", ONE, ALL),
}
TYPES = {
    "astype": Case([lambda xp, x: xp.astype(x, xp.complex128)], ONE, ALL),
    "can_cast": Case([lambda xp, x: x * xp.can_cast(x.dtype, xp.float64)]),
    "finfo": Case([lambda xp, x: x * (xp.finfo(x.dtype).bits > 32)], (M,), INEXACT),
    "iinfo": Case([lambda xp, x: x + (xp.iinfo(x.dtype).max > 255)], (M,), INTEGER),
    "isdtype": Case([lambda xp, x: x * xp.isdtype(x.dtype, "real floating")]),
    "result_type": Case([lambda xp, x: xp.astype(x, xp.result_type(x, xp.complex64))]),
}
ARRAYS = {
    "take": Case([lambda xp, x: xp.take(x, np.array([2, 0, 0]), axis=1)], (M,), ALL),
    "take_along_axis": Case(
        [lambda xp, x: xp.take_along_axis(x, np.array([[0, 2], [1, 1]]), axis=1)], (M,), ALL
    ),
    "matmul": Case([called("matmul")], ((M, (3, 2)), ((2, 2, 3), (3,)))),
    "tensordot": Case([lambda xp, x, y: xp.tensordot(x, y, axes=1)], ((M, (3, 2)),)),
    "vecdot": Case([lambda xp, x, y: xp.vecdot(x, y, axis=-1)], ((M, M),)),
    "broadcast_arrays": Case([called("broadcast_arrays")], (((2, 1), (3,)),)),
    "broadcast_to": Case([lambda xp, x: xp.broadcast_to(x, (2, 4, 3))], ((2, 1, 3),), ALL),
    "concat": Case([lambda xp, x, y: xp.concat([x, y], axis=0)], ((M, S),), ALL),
    "expand_dims": Case([lambda xp, x: xp.expand_dims(x, axis=1)], (M,), ALL),
    "flip": Case([called("flip"), lambda xp, x: xp.flip(x, axis=1)], (M,), ALL),
    "moveaxis": Case([lambda xp, x: xp.moveaxis(x, 0, -1)], ((2, 3, 4),), ALL),
    "permute_dims": Case([lambda xp, x: xp.permute_dims(x, (2, 0, 1))], ((2, 3, 4),), ALL),
    "repeat": Case([lambda xp, x: xp.repeat(x, 2, axis=1)], (M,), ALL),
    "reshape": Case([lambda xp, x: xp.reshape(x, (3, -1))], (M,), ALL),
    "roll": Case([lambda xp, x: xp.roll(x, 2, axis=1)], (M,), ALL),
    "squeeze": Case([lambda xp, x: xp.squeeze(x, axis=0)], ((1, 3),), ALL),
    "stack": Case([lambda xp, x, y: xp.stack([x, y], axis=1)], ((M, M),), ALL),
    "tile": Case([lambda xp, x: xp.tile(x, (2, 1))], (M,), ALL),
    "unstack": Case([lambda xp, x: xp.unstack(x, axis=1)], (M,), ALL),
    "count_nonzero": Case([lambda xp, x: xp.count_nonzero(x, axis=0)], (M,), ALL),
    "nonzero": Case([called("nonzero")], (M,), ALL),
    "unique_all": Case([lambda xp, x: tuple(xp.unique_all(x))], (M,), ORDERED),
    "unique_counts": Case([lambda xp, x: tuple(xp.unique_counts(x))], (M,), ORDERED),
    "unique_inverse": Case([lambda xp, x: tuple(xp.unique_inverse(x))], (M,), ORDERED),
    "unique_values": Case([lambda xp, x: xp.sort(xp.unique_values(x))], (M,), ORDERED),
    "searchsorted": Case(
        [lambda xp, x: xp.searchsorted(np.arange(-1, 3), x, side="right")], (M,), ORDERED
    ),
    "where": Case([lambda xp, x, y: xp.where(x != 0, x, y)], PAIR, ALL),
    "argsort": Case([lambda xp, x: xp.argsort(x, axis=0, stable=True)], (M,), ORDERED),
    "sort": Case([lambda xp, x: xp.sort(x, axis=1)], (M,), ORDERED),
    "cumulative_sum": Case(
        [lambda xp, x: xp.cumulative_sum(x, axis=1, include_initial=True)], (M,), ALL
    ),
    "cumulative_prod": Case([lambda xp, x: xp.cumulative_prod(x, axis=0)], (M,), ALL),
    "diff": Case([lambda xp, x: xp.diff(x, axis=1, n=2)]),
    **simple("matrix_transpose", (M, (2, 2, 3)), ALL),
    **simple("argmax argmin max min", (M, V), ORDERED),
    **simple("mean sum prod", (M, ()), ALL),
    **simple("std var", (M, V)),
    **simple("all any", (M, (0, 2)), ALL),
}
LINALG = {
    "cholesky": Case([lambda xp, x: xp.linalg.cholesky(definite(x))], (S,), INEXACT),
    "cross": Case([lambda xp, x, y: xp.linalg.cross(x, y)], ((M, M),)),
    "diagonal": Case([lambda xp, x: xp.linalg.diagonal(x, offset=1)], (S,), ALL),
    "eigh": Case([lambda xp, x: abs(xp.linalg.eigh(definite(x))[1])], (S,), REAL),
    "eigvalsh": Case([lambda xp, x: xp.linalg.eigvalsh(definite(x))], (S,), INEXACT),
    "inv": Case([lambda xp, x: xp.linalg.inv(definite(x))], (S,), INEXACT),
    "matmul": Case([lambda xp, x, y: xp.linalg.matmul(x, y)], ((M, S),)),
    "matrix_norm": Case([lambda xp, x: xp.linalg.matrix_norm(x, ord="nuc")], (M,), INEXACT),
    "matrix_power": Case([lambda xp, x: xp.linalg.matrix_power(x, 3)], (S,), INEXACT),
    "qr": Case([lambda xp, x: xp.linalg.qr(x, mode="reduced")], (S, (4, 2)), INEXACT),
    "slogdet": Case([lambda xp, x: xp.linalg.slogdet(definite(x))], (S,), REAL),
    "solve": Case([lambda xp, x, y: xp.linalg.solve(definite(x), y)], ((S, (3, 2)),), INEXACT),
    "svd": Case([lambda xp, x: abs(xp.linalg.svd(x, full_matrices=False)[2])], (M,), REAL),
    "tensordot": Case([lambda xp, x, y: xp.linalg.tensordot(x, y, axes=1)], ((M, (3, 2)),)),
    "vecdot": Case([lambda xp, x, y: xp.linalg.vecdot(x, y)], ((M, M),)),
    "vector_norm": Case(
        [lambda xp, x: xp.linalg.vector_norm(x, axis=1, ord=3)], (M,), (*INEXACT, "i8")
    ),
    **{
        name: Case([lambda xp, *a, name=name: getattr(xp.linalg, name)(*a)], shapes, dtypes)
        for name, shapes, dtypes in (
            ("det", (S,), INEXACT),
            ("matrix_rank", (S, M), REAL),
            ("matrix_transpose", (M,), ALL),
            ("outer", (((2,), (3,)),), NUMBER),
            ("pinv", (M,), INEXACT),
            ("svdvals", (M,), INEXACT),
            ("trace", (M, (2, 2, 2)), NUMBER),
        )
    },
}
FFT = {
    name: Case([lambda xp, x, name=name: getattr(xp.fft, name)(x)], shapes, dtypes)
    for name, shapes, dtypes in (
        *((n, (V, M), ("f8", "c16", "i8")) for n in ("fft", "ifft", "fftn", "ifftn")),
        *((n, (V, M), ("f8", "i8")) for n in ("rfft", "rfftn", "ihfft")),
        *((n, (V, M), ("c16",)) for n in ("irfft", "irfftn", "hfft")),
        *((n, (V, M), NUMBER) for n in ("fftshift", "ifftshift")),
    )
} | {
    name: Case([lambda xp, x, name=name: getattr(xp.fft, name)(5, d=x)], ((),), ("f8",), 0.5, 2)
    for name in ("fftfreq", "rfftfreq")
}

CASES = {
    **ELEMENTWISE,
    **CREATION,
    **TYPES,
    **ARRAYS,
    **{f"linalg.{name}": case for name, case in LINALG.items()},
    **{f"fft.{name}": case for name, case in FFT.items()},
}
