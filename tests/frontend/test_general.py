"""Products, choice, creation, predicates, interpolation: NumPy's values, dtypes and shapes, and right derivatives."""

import numpy as np
import pytest

import lineara
from lineara.frontend.counted import FUNCTIONS as COUNTED
from lineara.frontend.tables import GENERAL, PRODUCTS, REFUSED

INEXACT = ("f8", "f4", "c16")
NUMBER = (*INEXACT, "i8", "i2", "u1")
ALL = (*NUMBER, "?")
ORDERED = ("f8", "f4", "i8", "u1")
M, V, T = (2, 3), (4,), (2, 3, 4)

# function: (programs that use it, shapes, dtypes)
CASES = {
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
            lambda x: np.gradient(x, edge_order=2, axis=-1),
            lambda x: np.gradient(x, np.array([0.0, 1.0, 3.0]), edge_order=2, axis=-1),
            lambda x: np.gradient(x, np.array([0.0, 1.0]), axis=0),
            lambda x: np.gradient(x, np.arange(4.0) ** 2 + 0.1 * np.abs(x)),
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
            lambda x: np.linspace(-np.abs(x), 1, 5, dtype=int),
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
            lambda x: np.interp([0.5, 1.2], np.arange(3) + 0.1 * x[0], x[1]),
            lambda x: np.interp(2 * x, [0.0, 2.0, 1.0], x[0], period=2.5),
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
    np.zeros_like,
    np.empty_like,
    np.ones_like,
    np.full_like,
    np.imag,
    np.angle,
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
}
"""Functions without derivatives of real arrays other than 0."""


def label(function):
    return getattr(function, "__name__", None)


def test_every_function_of_the_tables_is_tried():
    assert set(CASES) == set(PRODUCTS) | set(GENERAL)


@pytest.mark.parametrize("function", CASES, ids=label)
def test_values(function, agrees_in_all):
    agrees_in_all(*CASES[function])


@pytest.mark.parametrize("function", sorted(set(CASES) - FLAT, key=label), ids=label)
def test_derivatives(function, differentiates_in_all):
    programs, shapes, _ = CASES[function]
    differentiates_in_all(programs, shapes)


OF_TWO = {np.extract, np.union1d, np.intersect1d, np.setdiff1d, np.setxor1d, np.polydiv}
OF_INTEGERS = {np.bincount}
OF_COMPLEX = {np.real_if_close}


def applied(function, x):
    """A function of its arguments, made of one array."""
    if function in OF_TWO:
        return function(x > 0, x)
    given = x.astype(int) if function in OF_INTEGERS else x
    return function(given * 1j if function in OF_COMPLEX else given)


@pytest.mark.parametrize("function", [*REFUSED, *COUNTED], ids=label)
def test_shapes_that_depend_on_values_are_refused_where_those_are_not_known(function):
    with pytest.raises(lineara.LinearaError, match="would depend on values") as error:
        lineara.trace(lambda x: applied(function, x), lineara.ArrayType("f64", (2,)))
    assert "mend: use" in str(error.value)


def other(x):
    """An array that has two elements of another one."""
    return np.stack([x[1], x[3], x[0] + 0.125])


COUNTED_CASES = {
    np.nonzero: lambda x: (np.nonzero(x > 0), x[np.nonzero(x > 0)]),
    np.where: lambda x: np.where(x > 0),
    np.flatnonzero: lambda x: np.flatnonzero(x > 0),
    np.argwhere: lambda x: np.argwhere(x > 0),
    np.extract: lambda x: np.extract(x > 0, x * x),
    np.unique: lambda x: (
        np.unique(np.append(x, x[:2])),
        np.unique(np.append(x, x[:2]), return_inverse=True)[1],
        np.unique(np.stack([x, x, x + 1]), axis=0),
        np.unique(x.astype(int), return_index=True, return_counts=True),
    ),
    np.unique_all: lambda x: tuple(np.unique_all(np.append(x, x[:2]))),
    np.unique_counts: lambda x: tuple(np.unique_counts(np.append(x, x[:2]))),
    np.unique_inverse: lambda x: tuple(np.unique_inverse(np.append(x, x[:2]))),
    np.unique_values: lambda x: np.sort(np.unique_values(np.append(x, x[:2]))),
    np.union1d: lambda x: np.union1d(x, other(x)),
    np.intersect1d: lambda x: (
        np.intersect1d(x, other(x)),
        np.intersect1d(other(x), x, return_indices=True),
    ),
    np.setdiff1d: lambda x: (
        np.setdiff1d(x, other(x)),
        np.setdiff1d(other(x), x, assume_unique=True),
    ),
    np.setxor1d: lambda x: np.setxor1d(x, other(x)),
    np.trim_zeros: lambda x: (
        np.trim_zeros(np.where(x < 0, 0, x)),
        np.trim_zeros(np.where(x < 0, 0, x), "b"),
        np.trim_zeros(0 * x),
    ),
    np.bincount: lambda x: (
        np.bincount((x > 0).astype(int), x * x, minlength=3),
        np.bincount((x > 0).astype(int)),
    ),
    np.real_if_close: lambda x: (np.real_if_close(x + 0j), np.real_if_close(x + 1j)),
}


def test_every_function_that_reads_values_is_tried():
    assert set(COUNTED_CASES) == {*COUNTED, np.where}


@pytest.mark.parametrize("function", COUNTED_CASES, ids=label)
def test_functions_that_read_values(function, agrees, differentiates):
    x = np.array([-2.125, 0.75, 1.25, -0.25])
    agrees(COUNTED_CASES[function], x)
    differentiates(COUNTED_CASES[function], x)
