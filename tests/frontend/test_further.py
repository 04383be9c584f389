"""Order statistics, positions, sequences, polynomials, functions of functions, writing: as NumPy, with right derivatives."""

import numpy as np
import pytest

import lineara
from lineara.errors import TraceError
from lineara.frontend import applying, places, polynomials, quantiles, sequences, writing

INEXACT = ("f8", "f4", "c16")
NUMBER = (*INEXACT, "i8", "u1")
ORDERED = ("f8", "f4", "i8", "u1")
REAL = ("f8", "f4")
M, V, S = (2, 3), (5,), (3, 3)
METHODS = (
    *("linear", "lower", "higher", "nearest", "midpoint", "hazen", "weibull"),
    *("median_unbiased", "normal_unbiased", "interpolated_inverted_cdf"),
    *("inverted_cdf", "averaged_inverted_cdf", "closest_observation"),
)


WEIGHTED = {"method": "inverted_cdf"}


def with_nan(x):
    """NaN in place of large elements after the first row."""
    return np.concatenate([x[:1], np.where(x > 1, np.nan, x)[1:]])


def written(write):
    """A program that writes to a copy of its argument."""

    def program(x):
        y = np.copy(x)
        write(y)
        return y

    return program


def positions(x):
    return np.abs(x).astype(int) % 3


# function: (programs that use it, shapes, dtypes)
CASES = {
    np.median: (
        [
            np.median,
            lambda x: np.median(x, axis=-1),
            lambda x: np.median(x, axis=(0, -1), keepdims=True),
        ],
        [M, S, (2, 3, 4)],
        ORDERED,
    ),
    np.quantile: (
        [
            *(lambda x, m=m: np.quantile(x, [0.1, 0.5, 0.77], axis=1, method=m) for m in METHODS),
            lambda x: np.quantile(x, 0.0, axis=(0, 1), keepdims=True),
            lambda x: np.quantile(x, [[0.2, 0.3]], axis=0, keepdims=True),
            lambda x: np.quantile(np.arange(6.0), 0.1 * x.ravel() % 1),
            lambda x: np.quantile(x, 0.1 * x[0] % 1, axis=0),
            lambda x: np.quantile(
                x, [0, 0.3, 1], 0, weights=1 + x.ravel()[: len(x)] % 2, **WEIGHTED
            ),
            lambda x: np.quantile(x, 0.3, weights=np.abs(x), keepdims=True, **WEIGHTED),
            lambda x: np.quantile(x, 0.3, weights=np.arange(len(x.T)), axis=1, **WEIGHTED),
        ],
        [M, (3, 5)],
        ("f8", "i8"),
    ),
    np.percentile: (
        [lambda x: np.percentile(x, 30, axis=0), lambda x: np.percentile(x, [50])],
        [M],
        ORDERED,
    ),
    np.nanmedian: (
        [
            np.nanmedian,
            lambda x: np.nanmedian(with_nan(x), axis=0),
            lambda x: np.nanmedian(with_nan(x), keepdims=True),
        ],
        [M, S],
        REAL,
    ),
    np.nanquantile: (
        [*(lambda x, m=m: np.nanquantile(with_nan(x), 0.3, method=m) for m in METHODS)],
        [M, S],
        ("f8",),
    ),
    np.nanpercentile: (
        [lambda x: np.nanpercentile(with_nan(x), [[10, 20], [30, 40]], axis=0, keepdims=True)],
        [S],
        ("f8",),
    ),
    np.partition: ([lambda x: np.partition(x, 0, axis=1)[:, 0]], [M], ORDERED),
    np.argpartition: ([lambda x: np.argpartition(x, 0, axis=1)[:, 0]], [M], ORDERED),
    np.lexsort: ([lambda x: np.lexsort((x[0], positions(x[1])))], [(2, 6)], ORDERED),
    np.sort_complex: ([lambda x: np.sort_complex(x[0])], [M], ("f8", "f4", "i8", "i2")),
    np.nanargmax: (
        [lambda x: np.nanargmax(with_nan(x)), lambda x: np.nanargmax(x, axis=1, keepdims=True)],
        [M],
        REAL,
    ),
    np.nanargmin: ([lambda x: np.nanargmin(with_nan(x))], [M], REAL),
    np.digitize: (
        [
            lambda x: np.digitize(x, [-1, 0, 1]),
            lambda x: np.digitize(x, [-1, 0, 1], right=True),
            lambda x: np.digitize(x, [1, 0, -1]),
            lambda x: np.digitize(x, [1, 0, -1], right=True),
        ],
        [M],
        ORDERED,
    ),
    np.histogram: (
        [
            np.histogram,
            lambda x: np.histogram(x, 4, (-1, 1)),
            lambda x: np.histogram(x, [-2, 0, 1, 5], density=True),
            lambda x: np.histogram(np.arange(6), 4, weights=x.ravel()),
            lambda x: np.histogram(0 * x, 3),
        ],
        [M],
        ("f8", "f4", "i8"),
    ),
    np.histogram2d: (
        [
            lambda x: np.histogram2d(x[0], x[1]),
            lambda x: np.histogram2d(x[0], x[1], [2, 3], [[-9, 9], [-9, 9]], density=True),
            lambda x: np.histogram2d(x[0], x[1], np.arange(-2, 3)),
            lambda x: np.histogram2d(np.arange(3), [1, 1, 2], [3, [0, 2, 3]], weights=x[0]),
        ],
        [M],
        ("f8", "i8"),
    ),
    np.histogramdd: (
        [
            lambda x: np.histogramdd(x, 3),
            lambda x: np.histogramdd([x[0], x[1], x[0]], [2, [-2, 0, 2], 1]),
            lambda x: np.histogramdd(np.eye(2), 2, weights=x[:, 0]),
        ],
        [M],
        ("f8", "i8"),
    ),
    np.histogram_bin_edges: ([lambda x: np.histogram_bin_edges(x, 3)], [M], ("f8", "f4", "i8")),
    np.tril_indices_from: ([lambda x: x[np.tril_indices_from(x, -1)]], [M], NUMBER),
    np.triu_indices_from: ([lambda x: x[np.triu_indices_from(x)]], [M], NUMBER),
    np.diag_indices_from: ([lambda x: x[np.diag_indices_from(x)]], [S], NUMBER),
    np.ix_: ([lambda x: x[np.ix_(positions(x[0]) % 2, np.array([2, 0]))]], [M], REAL),
    np.unravel_index: (
        [*(lambda x, o=o: np.unravel_index(positions(x), (2, 3), order=o) for o in "CF")],
        [M],
        REAL,
    ),
    np.ravel_multi_index: (
        [
            lambda x, o=o: np.ravel_multi_index((positions(x), positions(x)), (3, 4), order=o)
            for o in "CF"
        ],
        [M],
        REAL,
    ),
    np.choose: (
        [
            lambda x: np.choose([2, 0, 1], [x[0], x[1], 2 * x[0]]),
            lambda x: np.choose(positions(x), [x, 2 * x, -x]),
            lambda x: np.choose(3 * positions(x), [x, 2 * x, -x], mode="clip"),
            lambda x: np.choose(2 * positions(x), [x, 2 * x, -x], mode="wrap"),
        ],
        [M],
        REAL,
    ),
    np.resize: (
        [lambda x: np.resize(x, (5, 4)), lambda x: np.resize(x, 3), lambda x: np.resize(x[:0], 2)],
        [M],
        NUMBER,
    ),
    np.insert: (
        [
            lambda x: np.insert(x, 1, 9),
            lambda x: np.insert(x, 1, [9, 8, 7], axis=0),
            lambda x: np.insert(x, [1, 2], [9, 8], axis=1),
            lambda x: np.insert(x, 1, [[1, 2], [4, 5]], axis=1),
            lambda x: np.insert(x, slice(0, 2), 7, axis=1),
            lambda x: np.insert(np.arange(5.0), [1, 3], x[0, :2]),
        ],
        [M],
        ("f8", "f4", "i8"),
    ),
    np.unwrap: (
        [
            lambda x: np.unwrap(4 * x),
            lambda x: np.unwrap(x, axis=0, period=2.0),
            lambda x: np.unwrap(x, period=4),
            lambda x: np.unwrap(4 * x, discont=4.0),
        ],
        [M, V],
        ("f8", "f4", "i8"),
    ),
    np.cumulative_sum: (
        [lambda x: np.cumulative_sum(x, axis=1, include_initial=True)],
        [M],
        NUMBER,
    ),
    np.cumulative_prod: ([lambda x: np.cumulative_prod(x), np.cumulative_prod], [V], NUMBER),
    np.amax: ([np.amax, lambda x: np.amax(x, axis=0)], [M], ORDERED),
    np.amin: ([np.amin], [M], ORDERED),
    np.geomspace: (
        [
            lambda x: np.geomspace(np.abs(x) + 1, 1000, 4),
            lambda x: np.geomspace(-1, -np.abs(x) - 2, 4, endpoint=False, axis=-1),
            lambda x: np.geomspace(1, np.abs(x) + 1, 1),
        ],
        [(), (2,)],
        ("f8", "i8"),
    ),
    np.astype: ([lambda x: np.astype(x, np.complex128)], [M], NUMBER),
    np.common_type: ([lambda x: np.ones(2, np.common_type(x, x))], [M], INEXACT),
    np.einsum_path: ([lambda x: np.einsum_path("ij,jk", x, x.T)[0][1]], [M], REAL),
    np.array2string: ([lambda x: len(np.array2string(x)) > 0], [M], REAL),
    np.isposinf: ([lambda x: np.isposinf(1 / (x - x))], [M], REAL),
    np.isneginf: ([lambda x: np.isneginf(np.log(0 * x))], [M], REAL),
    np.polyadd: ([lambda x: np.polyadd(x, x[:2]), lambda x: np.polyadd(3, x)], [V], NUMBER),
    np.polysub: ([lambda x: np.polysub(x, [1, 2]), lambda x: np.polysub(x[1:], x)], [V], NUMBER),
    np.polymul: ([lambda x: np.polymul(x, x), lambda x: np.polymul([1, 2], x)], [V], INEXACT),
    np.polyder: ([lambda x, m=m: np.polyder(x, m) for m in (0, 1, 2)], [V], ("f8", "c16", "i8")),
    np.polyint: (
        [
            *(lambda x, m=m: np.polyint(x, m) for m in (0, 1, 2)),
            lambda x: np.polyint(x, 2, [3, 4]),
            lambda x: np.polyint(x, 1, x[0]),
        ],
        [V],
        ("f8", "i8"),
    ),
    np.poly: ([np.poly], [V, (1,)], ("f8", "i8")),
    np.polyfit: (
        [
            lambda x: np.polyfit([1.0, 2.0, 3.0, 5.0, 8.0], x, 2),
            lambda x: np.polyfit(np.arange(5.0) + 0.1 * x, np.arange(5.0) ** 2, 1, w=3 + x),
            lambda x: np.polyfit([1.0, 2.0, 3.0, 5.0, 8.0], np.stack([x, x * x], 1), 1),
        ],
        [V],
        ("f8",),
    ),
    np.piecewise: (
        [
            lambda x: np.piecewise(x, [x < -1, x > 1], [lambda v: -v, lambda v: v * v, 7]),
            lambda x: np.piecewise(x, [x < 0, x > 0], [-1, 1]),
            lambda x: np.piecewise(x, x < 0, [lambda v, k: v * k, lambda v, k: v], 3),
            lambda x: np.piecewise(x, [x < 0, x < 1], [lambda v: v * 2.5, np.square]),
        ],
        [M, ()],
        ("f8", "f4", "i8"),
    ),
    np.apply_along_axis: (
        [
            lambda x: np.apply_along_axis(np.sum, 0, x),
            lambda x: np.apply_along_axis(lambda v: np.outer(v, v), 0, x),
            lambda x: np.apply_along_axis(np.sort, 1, x),
            lambda x: np.apply_along_axis(lambda v, k: v[:2] * k, -1, x, k=3),
        ],
        [M, (2, 2, 3)],
        REAL,
    ),
    np.apply_over_axes: ([lambda x: np.apply_over_axes(np.sum, x, [0, 1])], [M], NUMBER),
    np.copyto: (
        [
            written(lambda y: np.copyto(y, 7)),
            written(lambda y: np.copyto(y, 2 * y[0], where=np.array([True, False, True]))),
        ],
        [M],
        NUMBER,
    ),
    np.fill_diagonal: (
        [written(lambda y: np.fill_diagonal(y, [1, 2])), written(lambda y: np.fill_diagonal(y, 3))],
        [S, (2, 2, 2), (4, 3)],
        NUMBER,
    ),
    np.put_along_axis: (
        [
            written(lambda y: np.put_along_axis(y, np.array([[0, 1], [2, 0]]), 5, 1)),
            written(lambda y: np.put_along_axis(y, np.array([0, 5]), y[0, :2] ** 2, None)),
        ],
        [M],
        ("f8", "i8"),
    ),
    np.put: (
        [written(lambda y: np.put(y, [0, -1], [5, 6])), written(lambda y: np.put(y, [1, 2], 3))],
        [M, V],
        NUMBER,
    ),
    np.putmask: ([written(lambda y: np.putmask(y, y > 0, [1, 2, 3]))], [M], ORDERED),
    np.place: (
        [
            written(lambda y: np.place(y, np.arange(6) > 2, [1, 2])),
            written(lambda y: np.place(y, y.real > 0, [1, 2])),
        ],
        [(6,)],
        NUMBER,
    ),
}
PADS = [
    lambda x: np.pad(x, (1, 2), "mean"),
    lambda x: np.pad(x, ((1, 1), (2, 0)), "mean", stat_length=2),
    lambda x: np.pad(x, 1, "maximum", stat_length=((1, 2), (3, 1))),
    lambda x: np.pad(x, 1, "minimum"),
    lambda x: np.pad(x, 1, "median"),
    lambda x: np.pad(x, (2, 3), "linear_ramp", end_values=(4, 5)),
    lambda x: np.pad(x, 1, "reflect", reflect_type="odd"),
    lambda x: np.pad(x, 2, "symmetric", reflect_type="odd"),
    lambda x: np.pad(x, ((0, 0), (1, 0)), "symmetric", reflect_type="odd"),
]
FLAT = {
    np.argpartition,
    np.lexsort,
    np.nanargmax,
    np.nanargmin,
    np.digitize,
    np.unravel_index,
    np.ravel_multi_index,
    np.common_type,
    np.einsum_path,
    np.array2string,
    np.isposinf,
    np.isneginf,
}
"""Functions without derivatives of real arrays other than 0."""


def label(function):
    return getattr(function, "__name__", None)


def test_every_function_of_the_tables_is_tried():
    tables = (quantiles, places, sequences, polynomials, applying, writing)
    assert set(CASES) == {function for table in tables for function in table.FUNCTIONS}


@pytest.mark.parametrize("function", CASES, ids=label)
def test_values(function, agrees_in_all):
    agrees_in_all(*CASES[function])


@pytest.mark.parametrize("function", sorted(set(CASES) - FLAT, key=label), ids=label)
def test_derivatives(function, differentiates_in_all):
    programs, shapes, _ = CASES[function]
    differentiates_in_all(programs, shapes)


@pytest.mark.parametrize("program", PADS)
def test_modes_of_padding(program, agrees_in_all, differentiates_in_all):
    agrees_in_all([program], [(2, 3), (4, 3)], ("f8", "f4", "i8"))
    differentiates_in_all([program], [(2, 3)])


@pytest.mark.parametrize("function", [np.median, lambda x, **a: np.quantile(x, 0.3, **a)])
def test_quantiles_of_nan_are_nan(function, agrees):
    agrees(lambda x: function(x, axis=0), np.array([[1.0, np.nan, 2.0], [3.0, 1.0, 0.0]]))


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: np.quantile(x, 0.5, method="mean"), "use one of linear"),
        (lambda x: np.nanquantile(x, 0.5, weights=x), r"np.nanquantile\(weights=…\)"),
        (
            lambda x: np.histogram(x, "auto"),
            r"histogram\(bins='auto'\) of a traced array: the number of bins",
        ),
        (lambda x: np.geomspace(x * 1j, 2), "complex ends"),
        (lambda x: np.polyfit(x, x, 1, full=True), r"np.polyfit\(full=…\)"),
        (lambda x: np.poly(x[None, None]), "give zeros along one axis"),
        (lambda x: np.fill_diagonal(x + 0, 1.0), "give a matrix"),
        (lambda x: np.copyto(x, 1.0), "x = x.copy()"),
    ],
)
def test_errors_say_what_and_where(f, message):
    with pytest.raises(lineara.LinearaError, match=message) as error:
        lineara.trace(f, np.ones(2))
    assert "test_further.py" in str(error.value)
    assert error.value.mend or isinstance(error.value, TraceError)
