"""Functions that rearrange, join, split, repeat and pad: NumPy's values, dtypes and shapes, and right derivatives."""

import numpy as np
import pytest

from lineara.frontend.tables import JOINING, SHAPING

INEXACT = ("f8", "f4", "c16")
NUMBER = (*INEXACT, "i8", "i2", "u1")
ALL = (*NUMBER, "?")
ORDERED = ("f8", "f4", "i8", "u1")
M, V, T = (2, 3), (4,), (2, 3, 4)

# function: (programs that use it, shapes, dtypes)
CASES = {
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
}


def label(function):
    return getattr(function, "__name__", None)


def test_every_function_of_the_tables_is_tried():
    assert set(CASES) == set(SHAPING) | set(JOINING)


@pytest.mark.parametrize("function", CASES, ids=label)
def test_values(function, agrees_in_all):
    agrees_in_all(*CASES[function])


@pytest.mark.parametrize("function", CASES, ids=label)
def test_derivatives(function, differentiates_in_all):
    programs, shapes, _ = CASES[function]
    differentiates_in_all(programs, shapes)
