"""Sums, products, extrema, statistics and sorting: NumPy's values, dtypes and shapes, and right derivatives."""

import numpy as np
import pytest

from lineara.frontend.tables import REDUCTIONS

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
        [
            np.cov,
            lambda x: np.cov(x, rowvar=False, ddof=0),
            lambda x: np.cov(x, 2 * x, bias=True),
            lambda x: np.cov(x, fweights=np.arange(1, np.atleast_2d(x).shape[1] + 1)),
            lambda x: np.cov(x, aweights=1 + np.abs(np.atleast_2d(x)[0])),
            lambda x: np.cov(
                x, fweights=[2, 1, 3, 1, 1][: x.shape[-1]], aweights=np.atleast_2d(x)[0].imag + 1
            ),
        ],
        [(3, 5), (4,)],
        NUMBER,
    ),
    np.corrcoef: ([np.corrcoef, lambda x: np.corrcoef(x, rowvar=False)], [(3, 5)], INEXACT),
}
FLAT = {
    np.any,
    np.all,
    np.argmax,
    np.argmin,
    np.count_nonzero,
    np.argsort,
}
"""Functions without derivatives of real arrays other than 0."""


def label(function):
    return getattr(function, "__name__", None)


def test_every_function_of_the_tables_is_tried():
    assert set(CASES) == set(REDUCTIONS)


@pytest.mark.parametrize("function", CASES, ids=label)
def test_values(function, agrees_in_all):
    agrees_in_all(*CASES[function])


@pytest.mark.parametrize("function", sorted(set(CASES) - FLAT, key=label), ids=label)
def test_derivatives(function, differentiates_in_all):
    programs, shapes, _ = CASES[function]
    differentiates_in_all(programs, shapes)
