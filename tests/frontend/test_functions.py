"""Every array function gives NumPy's values, dtypes and shapes, and right derivatives."""

import numpy as np
import pytest

import lineara
from lineara.frontend.tables import FUNCTIONS, REFUSED

INEXACT = ("f8", "f4", "c16")
NUMBER = (*INEXACT, "i8", "i2", "u1")
ALL = (*NUMBER, "?")
ORDERED = ("f8", "f4", "i8", "u1")
M, V, T = (2, 3), (4,), (2, 3, 4)

AXES = [
    lambda f: f,
    lambda f: lambda x: f(x, axis=-1),
    lambda f: lambda x: f(x, axis=0, keepdims=True),
    lambda f: lambda x: f(x, axis=(0, -1)),
]
ONE_AXIS = [
    lambda f: f,
    lambda f: lambda x: f(x, axis=-1),
    lambda f: lambda x: f(x, axis=0),
]


def over(forms, f):
    return [form(f) for form in forms]


# function: (programs that use it, shapes, dtypes)
CASES = {
    np.sum: (
        [
            *over(AXES, np.sum),
            lambda x: np.sum(x, dtype=np.complex128),
            lambda x: np.sum(x, where=x != 1, initial=3),
        ],
        [M, T],
        ALL,
    ),
    np.prod: ([*over(AXES, np.prod), lambda x: np.prod(x, initial=3)], [M, (2, 0, 2)], ALL),
    np.max: ([*over(AXES, np.max), lambda x: np.max(x, initial=1, where=x > 1)], [M, T], ORDERED),
    np.min: ([*over(AXES, np.min), lambda x: np.min(x, axis=0, initial=1)], [M, T], ORDERED),
    np.any: (over(AXES, np.any), [M, (0, 2)], ALL),
    np.all: ([*over(AXES, np.all), lambda x: np.all(x, where=np.isfinite(x))], [M, (0, 2)], ALL),
    np.argmax: (over(ONE_AXIS, np.argmax), [M, V], ORDERED),
    np.argmin: (
        [*over(ONE_AXIS, np.argmin), lambda x: np.argmin(x, keepdims=True)],
        [M, T],
        ORDERED,
    ),
    np.mean: ([*over(AXES, np.mean), lambda x: np.mean(x, where=x != 0)], [M, T], ALL),
    np.var: (
        [*over(AXES, np.var), lambda x: np.var(x, ddof=1), lambda x: np.var(x, correction=1)],
        [M, T],
        NUMBER,
    ),
    np.std: (over(AXES, np.std), [M, T], NUMBER),
    np.median: ([*over(AXES, np.median)], [M, T, (3, 3)], ORDERED),
    np.quantile: (
        [
            lambda x: np.quantile(x, 0.3),
            lambda x: np.quantile(x, [0.1, 1.0], axis=1),
            lambda x: np.quantile(x, 0.0, axis=(0, 1), keepdims=True),
        ],
        [M, (3, 5)],
        ("f8", "i8"),
    ),
    np.percentile: ([lambda x: np.percentile(x, 30, axis=0)], [M], ("f8", "i8")),
    np.average: (
        [
            np.average,
            lambda x: np.average(x, axis=1),
            lambda x: np.average(x, 1, np.arange(3.0) + 1),
            lambda x: np.average(x, weights=np.arange(1.0, 7).reshape(2, 3), returned=True),
        ],
        [M],
        NUMBER,
    ),
    np.ptp: (over(ONE_AXIS, np.ptp), [M], ORDERED),
    np.count_nonzero: (over(AXES, np.count_nonzero), [M], ALL),
    np.cumsum: (over(ONE_AXIS, np.cumsum), [M, (0, 2)], ALL),
    np.cumprod: (over(ONE_AXIS, np.cumprod), [M, (0, 2)], ALL),
    np.sort: ([*over(ONE_AXIS, np.sort), lambda x: np.sort(x, axis=None)], [M, T], ORDERED),
    np.argsort: (
        [lambda x: np.argsort(x, stable=True), lambda x: np.argsort(x, axis=0, stable=True)],
        [M, T],
        ORDERED,
    ),
    np.nansum: ([*over(AXES, np.nansum)], [M], NUMBER),
    np.nanprod: ([*over(AXES, np.nanprod)], [M], NUMBER),
    np.nancumsum: (over(ONE_AXIS, np.nancumsum), [M], INEXACT),
    np.nancumprod: (over(ONE_AXIS, np.nancumprod), [M], INEXACT),
    np.nanmean: (over(AXES, np.nanmean), [M], NUMBER),
    np.nanvar: (over(AXES, np.nanvar), [M], INEXACT),
    np.nanstd: (over(AXES, np.nanstd), [M], INEXACT),
    np.trapezoid: (
        [
            np.trapezoid,
            lambda x: np.trapezoid(x, axis=0),
            lambda x: np.trapezoid(x, np.arange(3) ** 2),
            lambda x: np.trapezoid(x, dx=0.5),
        ],
        [M],
        INEXACT,
    ),
    np.nanmax: (over(AXES, np.nanmax), [M, T], ORDERED),
    np.nanmin: (over(AXES, np.nanmin), [M], ORDERED),
    np.cov: (
        [np.cov, lambda x: np.cov(x, rowvar=False, ddof=0), lambda x: np.cov(x, 2 * x, bias=True)],
        [(3, 5), (4,)],
        NUMBER,
    ),
    np.corrcoef: ([np.corrcoef, lambda x: np.corrcoef(x, rowvar=False)], [(3, 5)], INEXACT),
    np.convolve: (
        [
            *(lambda x, m=m: np.convolve(x, [1, 2, 3], m) for m in ("full", "same", "valid")),
            *(lambda x, m=m: np.convolve([1, 2], x, m) for m in ("full", "same", "valid")),
            lambda x: np.convolve(x, x),
        ],
        [V, (5,)],
        NUMBER,
    ),
    np.correlate: (
        [
            *(lambda x, m=m: np.correlate(x, x[:3] + 1, m) for m in ("full", "same", "valid")),
            *(lambda x, m=m: np.correlate(x[:2], x, m) for m in ("full", "same", "valid")),
        ],
        [V, (5,)],
        NUMBER,
    ),
    np.gradient: (
        [
            np.gradient,
            lambda x: np.gradient(x, 0.5, axis=-1),
            lambda x: np.gradient(x, 0.5, 2.0),
        ],
        [M, V, T],
        INEXACT,
    ),
    np.searchsorted: (
        [
            lambda x: np.searchsorted(np.arange(-2, 3), x),
            lambda x: np.searchsorted(np.arange(-2, 3), x, side="right"),
            lambda x: np.searchsorted(np.sort(x.ravel()), 1),
        ],
        [M],
        ORDERED,
    ),
    np.isin: (
        [lambda x: np.isin(x, [1, 0, 2]), lambda x: np.isin(x, x[0], invert=True)],
        [M],
        ALL,
    ),
    np.logspace: (
        [lambda x: np.logspace(x, 1, 4), lambda x: np.logspace(0, x, 3, base=2.0)],
        [(2,)],
        ("f8",),
    ),
    np.reshape: (
        [
            lambda x: np.reshape(x, (3, 2)),
            lambda x: np.reshape(x, -1),
            lambda x: np.reshape(x, (1, -1, 2), order="F"),
        ],
        [M],
        ALL,
    ),
    np.ravel: ([np.ravel, lambda x: np.ravel(x, "F")], [M, (), (0, 2)], ALL),
    np.transpose: (
        [np.transpose, lambda x: np.transpose(x, (*tuple(range(1, x.ndim)), 0))],
        [M, T],
        ALL,
    ),
    np.matrix_transpose: ([np.matrix_transpose], [M, T], ALL),
    np.moveaxis: (
        [lambda x: np.moveaxis(x, 0, -1), lambda x: np.moveaxis(x, (0, 1), (-1, 0))],
        [T],
        ("f8",),
    ),
    np.rollaxis: ([lambda x: np.rollaxis(x, 2), lambda x: np.rollaxis(x, 0, 2)], [T], ("f8",)),
    np.swapaxes: ([lambda x: np.swapaxes(x, 0, -1)], [M, T], ("f8",)),
    np.expand_dims: (
        [lambda x: np.expand_dims(x, -1), lambda x: np.expand_dims(x, (0, 2))],
        [M, (), V],
        ("f8",),
    ),
    np.squeeze: ([np.squeeze, lambda x: np.squeeze(x, 0)], [(1, 3, 1), (1, 2)], ("f8",)),
    np.broadcast_to: ([lambda x: np.broadcast_to(x, (4, 2, 3))], [M, (1, 3), (), (2, 1)], ALL),
    np.broadcast_arrays: (
        [lambda x: np.broadcast_arrays(x, np.ones((5, 1, 1)), 1)],
        [M, (3,)],
        ("f8",),
    ),
    np.atleast_1d: ([np.atleast_1d, lambda x: np.atleast_1d(x, 1.0)], [(), V, M], ("f8",)),
    np.atleast_2d: ([np.atleast_2d], [(), V, M, T], ("f8",)),
    np.atleast_3d: ([np.atleast_3d], [(), V, M, T], ("f8",)),
    np.flip: ([np.flip, lambda x: np.flip(x, -1), lambda x: np.flip(x, (0, 1))], [M, T], ALL),
    np.flipud: ([np.flipud], [M], ("f8",)),
    np.fliplr: ([np.fliplr], [M], ("f8",)),
    np.rot90: (
        [np.rot90, *(lambda x, k=k: np.rot90(x, k, (1, 0)) for k in (-1, 0, 2, 3))],
        [M, T],
        ("f8",),
    ),
    np.roll: (
        [
            lambda x: np.roll(x, 2),
            lambda x: np.roll(x, -1, axis=1),
            lambda x: np.roll(x, (1, 5), axis=(0, 1)),
            lambda x: np.roll(x, 1, axis=(0, 1)),
        ],
        [M, T, (2, 0)],
        ("f8", "?"),
    ),
    np.diagonal: (
        [np.diagonal, lambda x: np.diagonal(x, 1), lambda x: np.diagonal(x, -1, 1, 0)],
        [M, T, (3, 2)],
        ALL,
    ),
    np.diag: ([np.diag, lambda x: np.diag(x, 1), lambda x: np.diag(x, -2)], [M, V, (0,)], ALL),
    np.diagflat: ([np.diagflat, lambda x: np.diagflat(x, -1)], [M, V], ("f8", "i8")),
    np.trace: ([np.trace, lambda x: np.trace(x, 1)], [M, T], NUMBER),
    np.tril: ([np.tril, lambda x: np.tril(x, -1)], [M, T], ALL),
    np.triu: ([np.triu, lambda x: np.triu(x, 1)], [M, T], ALL),
    np.concatenate: (
        [
            lambda x: np.concatenate([x, x]),
            lambda x: np.concatenate([x, x, np.ones((2, 1), np.int8)], axis=-1),
            lambda x: np.concatenate((x, x), axis=None),
        ],
        [M],
        ALL,
    ),
    np.stack: ([lambda x: np.stack([x, x]), lambda x: np.stack([x, 2 * x], -1)], [M, ()], NUMBER),
    np.vstack: ([lambda x: np.vstack([x, x])], [M, V], ALL),
    np.hstack: ([lambda x: np.hstack([x, x])], [M, V, ()], ALL),
    np.dstack: ([lambda x: np.dstack([x, x])], [M, V], ("f8",)),
    np.column_stack: ([lambda x: np.column_stack([x, x])], [M, V], ("f8",)),
    np.block: (
        [lambda x: np.block([[x, np.eye(2)], [np.ones((1, 5)) * 2]]), lambda x: np.block([x, x])],
        [M],
        ("f8",),
    ),
    np.append: (
        [lambda x: np.append(x, 1.0), lambda x: np.append(x, x, axis=0)],
        [M, V],
        ("f8", "f4", "i8"),
    ),
    np.split: (
        [lambda x: np.split(x, 2), lambda x: np.split(x, [1, 3], axis=-1)],
        [(2, 4), (4,)],
        ("f8", "?"),
    ),
    np.array_split: (
        [lambda x: np.array_split(x, 3), lambda x: np.array_split(x, 2, -1)],
        [(5,), M],
        ("f8",),
    ),
    np.vsplit: ([lambda x: np.vsplit(x, 2)], [M], ("f8",)),
    np.hsplit: ([lambda x: np.hsplit(x, 2)], [(4,), (3, 4)], ("f8",)),
    np.dsplit: ([lambda x: np.dsplit(x, [1])], [T], ("f8",)),
    np.unstack: ([np.unstack, lambda x: np.unstack(x, axis=1)], [M], ("f8",)),
    np.tile: (
        [lambda x: np.tile(x, 2), lambda x: np.tile(x, (2, 1, 3)), lambda x: np.tile(x, (0, 2))],
        [M, V, ()],
        ("f8", "?"),
    ),
    np.repeat: (
        [
            lambda x: np.repeat(x, 2),
            lambda x: np.repeat(x, [1, 0, 2], axis=1),
            lambda x: np.repeat(x, 3, axis=0),
        ],
        [M],
        ALL,
    ),
    np.pad: (
        [
            lambda x: np.pad(x, 1),
            lambda x: np.pad(x, ((0, 1), (2, 0)), constant_values=3),
            lambda x: np.pad(x, ((1, 1), (2, 0)), "edge"),
            lambda x: np.pad(x, 1, "reflect"),
            lambda x: np.pad(x, 2, "symmetric"),
            lambda x: np.pad(x, (1, 2), "wrap"),
            lambda x: np.pad(x, {-1: (1, 2)}),
        ],
        [M],
        ALL,
    ),
    np.take: (
        [
            lambda x: np.take(x, [0, -1, 1]),
            lambda x: np.take(x, [[0], [1]], axis=1),
            lambda x: np.take(x, 1, axis=0),
            lambda x: np.take(x, [5, -7], mode="wrap"),
            lambda x: np.take(x, [50, -7], mode="clip"),
        ],
        [M],
        ALL,
    ),
    np.take_along_axis: (
        [
            lambda x: np.take_along_axis(x, np.array([[1, 0, 1]]), 0),
            lambda x: np.take_along_axis(x, np.array([[2], [-1]]), 1),
            lambda x: np.take_along_axis(x, np.array([3, 0]), None),
        ],
        [M],
        ("f8", "i8"),
    ),
    np.diff: (
        [
            np.diff,
            lambda x: np.diff(x, axis=0),
            lambda x: np.diff(x, 2),
            lambda x: np.diff(x, prepend=0, append=x),
        ],
        [M],
        ALL,
    ),
    np.ediff1d: ([np.ediff1d], [M, V], NUMBER),
    np.delete: ([lambda x: np.delete(x, 1), lambda x: np.delete(x, [0, 2], 1)], [M], ("f8", "?")),
    np.compress: ([lambda x: np.compress([True, False, True], x, 1)], [M], ("f8", "?")),
    np.dot: (
        [
            lambda x: np.dot(x, 2),
            lambda x: np.dot(x, x.T),
            lambda x: np.dot(x, np.ones((4, x.shape[-1], 2))),
        ],
        [M, V],
        NUMBER,
    ),
    np.vdot: ([lambda x: np.vdot(x, 1 + x)], [M, V], NUMBER),
    np.inner: ([lambda x: np.inner(x, x), lambda x: np.inner(x, 3)], [M, V], NUMBER),
    np.outer: ([lambda x: np.outer(x, [1, 2])], [M, V, ()], NUMBER),
    np.tensordot: (
        [
            lambda x: np.tensordot(x, x, 2),
            lambda x: np.tensordot(x, x, ((0,), (0,))),
            lambda x: np.tensordot(x, x, ((0, 1), (0, 1))),
            lambda x: np.tensordot(x, [1, 2], 0),
        ],
        [M],
        NUMBER,
    ),
    np.einsum: (
        [
            lambda x: np.einsum("ij,kj->ik", x, x),
            lambda x: np.einsum("ij,kj", x, x),
            lambda x: np.einsum("ij->j", x),
            lambda x: np.einsum("ij,ik,il->jkl", x, x, x),
            lambda x: np.einsum("ij,kj,kl->il", x, x, x, optimize=True),
            lambda x: np.einsum("...j,...j->...", x, x),
            lambda x: np.einsum("i...,i...", x, x),
            lambda x: np.einsum("ii->i", x @ x.T),
            lambda x: np.einsum("ii", x @ x.T),
            lambda x: np.einsum("ij,ij->", x, x),
            lambda x: np.einsum("ij,kl->", x, x),
            lambda x: np.einsum("ij,k->jki", x, x[0]),
            lambda x: np.einsum("ij,j,i->ij", x, x[0], x[:, 0]),
            lambda x: np.einsum(x, [0, 1], x, [0, 2], [2, 1]),
            lambda x: np.einsum("ij,ij->ij", x, x[:1]),
            lambda x: np.einsum("ij,ij->i", x, x[:, :1]),
            lambda x: np.einsum("...,...", x, 2),
            lambda x: np.einsum("ij->ji", x),
        ],
        [M],
        NUMBER,
    ),
    np.kron: ([lambda x: np.kron(x, x), lambda x: np.kron([1, 2], x)], [M, V], NUMBER),
    np.cross: (
        [lambda x: np.cross(x, x[::-1]), lambda x: np.cross(x, [1, 2, 3])],
        [M, (2, 2, 3)],
        NUMBER,
    ),
    np.linalg.norm: (
        [
            np.linalg.norm,
            lambda x: np.linalg.norm(x, axis=-1),
            lambda x: np.linalg.norm(x, 1, axis=0),
            lambda x: np.linalg.norm(x, np.inf, axis=0, keepdims=True),
            lambda x: np.linalg.norm(x, 3, axis=-1),
            lambda x: np.linalg.norm(x, 0, axis=-1),
            lambda x: np.linalg.norm(x, -np.inf, axis=-1),
        ],
        [M, V],
        NUMBER,
    ),
    np.linalg.vector_norm: (
        [np.linalg.vector_norm, lambda x: np.linalg.vector_norm(x, axis=0, ord=1)],
        [M],
        INEXACT,
    ),
    np.linalg.matrix_norm: (
        [
            np.linalg.matrix_norm,
            *(
                lambda x, o=o: np.linalg.matrix_norm(x, ord=o, keepdims=True)
                for o in (1, -1, np.inf, -np.inf)
            ),
        ],
        [M, T],
        INEXACT,
    ),
    np.linalg.multi_dot: (
        [
            lambda x: np.linalg.multi_dot([x, x.T, x]),
            lambda x: np.linalg.multi_dot([x[0], x.T, x, x[1]]),
            lambda x: np.linalg.multi_dot([x, x.T]),
        ],
        [M],
        INEXACT,
    ),
    np.linalg.matrix_power: (
        [lambda x, n=n: np.linalg.matrix_power(x, n) for n in (0, 1, 2, 3, 6)],
        [(2, 2), (3, 2, 2)],
        INEXACT,
    ),
    np.linalg.outer: ([lambda x: np.linalg.outer(x, x)], [V], INEXACT),
    np.linalg.cross: ([lambda x: np.linalg.cross(x, x[::-1])], [M], INEXACT),
    np.linalg.trace: ([np.linalg.trace], [M, T], INEXACT),
    np.linalg.diagonal: ([lambda x: np.linalg.diagonal(x, offset=1)], [M, T], INEXACT),
    np.linalg.matmul: ([lambda x: np.linalg.matmul(x, x.T)], [M], INEXACT),
    np.linalg.vecdot: ([lambda x: np.linalg.vecdot(x, x + 1)], [M], INEXACT),
    np.linalg.tensordot: ([lambda x: np.linalg.tensordot(x, x)], [M], INEXACT),
    np.linalg.matrix_transpose: ([np.linalg.matrix_transpose], [M], INEXACT),
    np.where: (
        [
            lambda x: np.where(x != 0, x, 1),
            lambda x: np.where([True, False, True], 2, x),
            lambda x: np.where(x, np.float32(1), x),
        ],
        [M, (3,)],
        ALL,
    ),
    np.select: (
        [lambda x: np.select([x > 1, x < 0], [x, 2 * x], 3), lambda x: np.select([x > 1], [x])],
        [M],
        ("f8", "f4"),
    ),
    np.clip: (
        [
            lambda x: np.clip(x, 0, 1),
            lambda x: np.clip(x, None, [1, 2, 3]),
            lambda x: np.clip(x, min=0.5),
            lambda x: np.clip(x, 1.0, x + 1),
        ],
        [M],
        ORDERED,
    ),
    np.zeros_like: ([np.zeros_like, lambda x: np.zeros_like(x, shape=(2,))], [M, ()], ALL),
    np.empty_like: ([lambda x: 0 * np.empty_like(x)], [M], NUMBER),
    np.ones_like: ([np.ones_like, lambda x: np.ones_like(x, dtype=int)], [M, ()], ALL),
    np.full_like: (
        [lambda x: np.full_like(x, 1), lambda x: np.full_like(x, [1, 2, 3], np.float32)],
        [M],
        ALL,
    ),
    np.copy: ([np.copy], [M], ALL),
    np.real: ([np.real], [M, ()], NUMBER),
    np.imag: ([np.imag], [M, ()], NUMBER),
    np.angle: ([np.angle, lambda x: np.angle(x, deg=True)], [M], INEXACT),
    np.iscomplexobj: ([np.iscomplexobj], [M], ALL),
    np.isrealobj: ([np.isrealobj], [M], ALL),
    np.isreal: ([np.isreal], [M], ALL),
    np.iscomplex: ([np.iscomplex], [M], ALL),
    np.shape: ([np.shape], [M], ("f8",)),
    np.ndim: ([np.ndim], [M], ("f8",)),
    np.size: ([np.size, lambda x: np.size(x, 1)], [M], ("f8",)),
    np.nan_to_num: ([lambda x: np.nan_to_num(1 / (x - x)), np.nan_to_num], [M], NUMBER),
    np.isclose: ([lambda x: np.isclose(x, 1), lambda x: np.isclose(x, x + 1e-9)], [M], NUMBER),
    np.allclose: ([lambda x: np.allclose(x, x + 1e-9)], [M], NUMBER),
    np.array_equal: (
        [lambda x: np.array_equal(x, x), lambda x: np.array_equal(x, x[0])],
        [M],
        NUMBER,
    ),
    np.array_equiv: ([lambda x: np.array_equiv(x, x[0])], [M], NUMBER),
    np.sinc: ([np.sinc], [M, ()], ("f8", "f4")),
    np.round: ([np.round, lambda x: np.round(x, 2), lambda x: np.round(x, -1)], [M], INEXACT),
    np.around: ([np.around], [M], INEXACT),
    np.fix: ([np.fix], [M], ("f8", "f4")),
    np.linspace: (
        [
            lambda x: np.linspace(0, x, 5),
            lambda x: np.linspace(x, 2 * x, 4, endpoint=False, axis=-1),
            lambda x: np.linspace(x, 1, 1),
            lambda x: np.linspace(x, 1, 3, retstep=True),
        ],
        [(), (2,)],
        ("f8", "i8", "c16"),
    ),
    np.interp: (
        [
            lambda x: np.interp(x, [0.0, 0.5, 2.0], [1.0, 5.0, 2.0]),
            lambda x: np.interp(x, [0.0, 1.0], [1.0, 5.0], left=-1.0, right=7.0),
            lambda x: np.interp([0.5, 1.0], [0.0, 0.5, 2.0], x.ravel()[:3]),
        ],
        [M],
        ("f8",),
    ),
    np.polyval: ([lambda x: np.polyval([1, 2, 3], x), lambda x: np.polyval(x, 2.0)], [V], INEXACT),
    np.vander: ([np.vander, lambda x: np.vander(x, 2, increasing=True)], [V], INEXACT),
    np.meshgrid: (
        [
            lambda x: np.meshgrid(x, [1, 2]),
            lambda x: np.meshgrid(x, x, x, indexing="ij", sparse=True),
        ],
        [V],
        INEXACT,
    ),
    np.array_repr: ([lambda x: len(np.array_repr(x)) > 0], [M], ("f8",)),
    np.array_str: ([lambda x: len(np.array_str(x)) > 0], [M], ("f8",)),
    np.result_type: ([lambda x: np.ones(2, np.result_type(x, np.float32))], [M], ("f8", "i8")),
    np.can_cast: ([lambda x: np.can_cast(np.result_type(x), np.float32)], [M], ("f8", "f4")),
    np.may_share_memory: ([lambda x: np.may_share_memory(x, x)], [M], ("f8",)),
    np.shares_memory: ([lambda x: np.shares_memory(x, x)], [M], ("f8",)),
}
FLAT = {
    np.searchsorted,
    np.isin,
    np.any,
    np.all,
    np.argmax,
    np.argmin,
    np.argsort,
    np.count_nonzero,
    np.zeros_like,
    np.empty_like,
    np.ones_like,
    np.full_like,
    np.iscomplexobj,
    np.isrealobj,
    np.isreal,
    np.iscomplex,
    np.shape,
    np.ndim,
    np.size,
    np.nan_to_num,
    np.isclose,
    np.allclose,
    np.array_equal,
    np.array_equiv,
    np.round,
    np.around,
    np.fix,
    np.array_repr,
    np.array_str,
    np.result_type,
    np.can_cast,
    np.may_share_memory,
    np.shares_memory,
    np.angle,
    np.imag,
}
"""Functions without derivatives of real arrays other than 0."""


def label(function):
    return getattr(function, "__name__", None)


def test_every_function_of_the_table_is_tried():
    assert set(CASES) == set(FUNCTIONS) - set(REFUSED)


@pytest.mark.parametrize("function", CASES, ids=label)
def test_values(function, agrees, sample):
    programs, shapes, dtypes = CASES[function]
    for program in programs:
        for shape in shapes:
            for dtype in dtypes:
                x = sample(shape, dtype)
                try:
                    with np.errstate(all="ignore"):
                        program(x)
                except (ValueError, TypeError, IndexError):
                    continue
                agrees(program, x)


@pytest.mark.parametrize("function", sorted(set(CASES) - FLAT, key=label), ids=label)
def test_derivatives(function, differentiates, sample):
    programs, shapes, _ = CASES[function]
    for program in programs:
        for shape in shapes:
            x = sample(shape)
            try:
                program(x)
            except (ValueError, TypeError, IndexError):
                continue
            if x.size:
                differentiates(program, x)


@pytest.mark.parametrize("function", REFUSED, ids=label)
def test_shapes_that_depend_on_values_are_refused(function):
    with pytest.raises(lineara.LinearaError, match="would depend on values") as error:
        lineara.trace(
            lambda x: function(x > 0, x) if function is np.extract else function(x), np.ones(2)
        )
    assert "mend: use" in str(error.value)
