"""Every ufunc gives NumPy's values, dtypes and shapes, its errors where NumPy has errors, and right derivatives."""

import operator

import numpy as np
import pytest
from scipy import special

import lineara
from lineara.frontend.elementwise import BODIES
from lineara.frontend.ordering import COMPARISONS

REAL = ("f8", "f4")
INEXACT = (*REAL, "c16", "c8")
NUMBER = (*INEXACT, "i8", "i4", "u1")
ALL = (*NUMBER, "?")
SHAPES = ((), (3,), (2, 3), (0, 2), (1, 1))

UNARY = {
    ufunc: (dtypes, low, high)
    for ufuncs, dtypes, low, high in (
        (
            [np.sin, np.cos, np.exp, np.sinh, np.cosh, np.tanh, np.arctan, np.arcsinh, np.expm1],
            (*INEXACT, "i8"),
            -0.9,
            0.9,
        ),
        ([np.tan, np.arcsin, np.arccos, np.arctanh], INEXACT, -0.8, 0.8),
        ([np.exp2, np.log1p], (*INEXACT, "i4"), 0.1, 1.0),
        ([np.log, np.log2, np.log10, np.sqrt], (*INEXACT, "i8", "i2"), 0.5, 3.0),
        ([np.arccosh], INEXACT, 1.2, 3.0),
        ([np.cbrt], (*REAL, "i8"), 0.5, 3.0),
        ([np.negative, np.square, np.positive], NUMBER, -2, 2),
        ([np.absolute], (*NUMBER, "?"), -2, 2),
        ([np.conjugate, np.sign], NUMBER, -2, 2),
        ([np.reciprocal], INEXACT, 0.5, 2),
        ([np.fabs, np.deg2rad, np.radians, np.rad2deg, np.degrees], (*REAL, "i8"), -2, 2),
        ([np.floor, np.ceil, np.trunc], (*REAL, "i8", "u1", "?"), -2, 2),
        ([np.rint], (*REAL, "i8"), -2, 2),
        ([np.isnan, np.isinf, np.isfinite, np.logical_not], ALL, -2, 2),
        ([np.signbit], (*REAL, "i8", "i2"), -2, 2),
        ([np.modf], (*REAL, "i8"), -2, 2),
        ([np.invert], ("i8", "u1", "?"), -2, 2),
        ([special.erf, special.erfc, special.expit], REAL, -2, 2),
        ([special.gammaln, special.digamma], REAL, 0.5, 4),
        ([special.logit], REAL, 0.1, 0.9),
        ([special.log_expit, special.ndtr, special.exp10], REAL, -1, 1),
        ([special.entr], REAL, 0.1, 2),
        ([special.exp2, special.expm1, special.log1p, special.cbrt], REAL, 0.1, 2),
    )
    for ufunc in ufuncs
}

BINARY = {
    ufunc: (dtypes, low, high)
    for ufuncs, dtypes, low, high in (
        ([np.add, np.multiply], ALL, -2, 2),
        ([np.subtract], NUMBER, -2, 2),
        ([np.divide], ALL, 0.5, 3),
        ([np.power, np.float_power], NUMBER, 0.5, 2),
        ([np.floor_divide, np.remainder, np.fmod, np.divmod], (*REAL, "i8", "u1"), 1, 3),
        ([np.maximum, np.minimum, np.fmax, np.fmin], (*REAL, "i8", "u1", "?"), -2, 2),
        ([np.equal, np.not_equal], ALL, -2, 2),
        ([np.less, np.less_equal, np.greater, np.greater_equal], (*REAL, "i8", "u1", "?"), -2, 2),
        ([np.logical_and, np.logical_or, np.logical_xor], ALL, -2, 2),
        ([np.bitwise_and, np.bitwise_or, np.bitwise_xor], ("i8", "i2", "u1", "?"), -2, 2),
        ([np.left_shift, np.right_shift], ("i8", "i4"), 0, 1),
        ([np.arctan2, np.hypot, np.copysign, np.logaddexp, np.logaddexp2], (*REAL, "i8"), 0.5, 3),
        ([np.heaviside, np.nextafter], REAL, -2, 2),
        ([special.xlogy, special.xlog1py, special.betaln], REAL, 0.5, 3),
    )
    for ufunc in ufuncs
}
FLAT = {np.isnan, np.isinf, np.isfinite, np.logical_not, np.signbit}
SMOOTH = [u for u, (dtypes, *_) in UNARY.items() if "f8" in dtypes and u not in FLAT]


def test_every_ufunc_of_the_table_is_tried():
    assert set(UNARY) | set(BINARY) == set(BODIES) | set(COMPARISONS)


@pytest.mark.parametrize("ufunc", UNARY, ids=lambda u: u.__name__)
def test_one_operand(ufunc, agrees, sample):
    dtypes, low, high = UNARY[ufunc]
    for dtype in dtypes:
        for shape in SHAPES:
            agrees(ufunc, sample(shape, dtype, low, high))


@pytest.mark.parametrize("ufunc", BINARY, ids=lambda u: u.__name__)
def test_two_operands(ufunc, agrees, sample):
    dtypes, low, high = BINARY[ufunc]
    for dtype in dtypes:
        for one, other in (
            ((2, 3), (2, 3)),
            ((2, 3), (3,)),
            ((2, 1), (1, 3)),
            ((), (2,)),
            ((0,), ()),
        ):
            agrees(ufunc, sample(one, dtype, low, high), sample(other, dtype, low, high, seed=1))


DTYPES = ("?", "i1", "u1", "i4", "u4", "i8", "u8", "f4", "f8", "c8", "c16")


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.divide, np.maximum, np.equal, np.power])
def test_promotion_of_two_dtypes(ufunc, agrees, sample):
    for one in DTYPES:
        for other in DTYPES:
            x, y = sample((2,), one, 1, 2), sample((2,), other, 1, 2, seed=1)
            try:
                expected = ufunc(x, y)
            except TypeError:
                with pytest.raises(TypeError):
                    lineara.trace(ufunc, x, y)
                continue
            if expected.dtype == np.float16:
                with pytest.raises(lineara.LinearaError):
                    lineara.trace(ufunc, x, y)
            elif {one, other} & {"u8"} and {one, other} & {"i1", "i4", "i8"} and ufunc is np.equal:
                continue
            else:
                agrees(ufunc, x, y)


@pytest.mark.parametrize(
    "number", [2, 2.0, True, 1.5 + 1j, np.float32(2), np.int64(3), np.bool_(True)]
)
@pytest.mark.parametrize(
    "operation",
    [operator.add, operator.mul, operator.truediv, operator.sub, operator.pow, operator.eq],
)
def test_python_numbers_are_weak_and_numpy_scalars_are_not(operation, number, agrees, sample):
    for dtype in ("i4", "u1", "f4", "f8", "c8"):
        x = sample((3,), dtype, 1, 2)
        agrees(lambda x: operation(x, number), x)
        if not (operation is operator.pow and dtype in ("i4", "u1")):
            agrees(lambda x: operation(number, x), x)


@pytest.mark.parametrize("n", [-3, -2, -1, 0, 1, 2, 3, 7, 0.5, 1.5, 2.0, -0.5])
def test_fixed_powers(n, agrees, differentiates, sample):
    x = sample((2, 3), "f8", 0.5, 2)
    agrees(lambda x: x**n, x)
    differentiates(lambda x: x**n, x)


@pytest.mark.parametrize("number", [-1, 300, 2**70])
def test_comparison_with_an_integer_out_of_range(number, agrees):
    x = np.array([0, 7, 255], np.uint8)
    agrees(lambda x: (x < number, x == number, number >= x, number != x), x)


@pytest.mark.parametrize("ufunc", SMOOTH, ids=lambda u: u.__name__)
def test_derivatives_of_one_operand(ufunc, differentiates, sample):
    _, low, high = UNARY[ufunc]
    flat = ufunc in (np.sign, np.floor, np.ceil, np.trunc, np.rint)
    differentiates(lambda x: x * ufunc(x) if flat else ufunc(x), sample((2, 3), "f8", low, high))


@pytest.mark.parametrize(
    "ufunc",
    [
        np.add,
        np.subtract,
        np.multiply,
        np.divide,
        np.power,
        np.float_power,
        np.remainder,
        np.fmod,
        np.maximum,
        np.minimum,
        np.fmax,
        np.fmin,
        np.arctan2,
        np.hypot,
        np.copysign,
        np.logaddexp,
        np.logaddexp2,
        special.xlogy,
        special.xlog1py,
        special.betaln,
    ],
    ids=lambda u: u.__name__,
)
def test_derivatives_of_two_operands(ufunc, differentiates, sample):
    x, y = sample((2, 3), "f8", 0.6, 3, seed=4), sample((3,), "f8", 0.6, 3, seed=5)
    differentiates(ufunc, x, y)


@pytest.mark.parametrize("ufunc", [np.exp, np.sin, np.sqrt, np.square, np.absolute, np.reciprocal])
def test_derivatives_of_complex_operands(ufunc, differentiates, sample):
    differentiates(ufunc, sample((2,), "c16", 0.5, 2))


def test_derivatives_at_special_points():
    assert lineara.grad(lambda x: np.logaddexp(x, 1.0))(1.0) == 0.5
    assert lineara.grad(lineara.grad(lambda x: np.logaddexp(x, 1.0)))(1.0) == 0.25
    assert lineara.grad(np.sinc)(0.0) == 0
    np.testing.assert_allclose(lineara.grad(lineara.grad(np.sinc))(0.0), -(np.pi**2) / 3)
    assert lineara.grad(lambda x: np.linalg.norm(x * np.ones(2)))(0.0) == 0
    assert lineara.grad(lambda x: special.xlogy(x, 0.0 * x))(0.0) == 0
    assert lineara.grad(lambda x: x**0.0)(0.0) == 0
    assert lineara.grad(lambda x: np.hypot(x, x))(0.0) == 0


def test_hypot_and_logaddexp_do_not_overflow(agrees):
    x = np.array([1e300, -1e-300, np.inf, 0.0, -np.inf, 700.0, np.nan])
    agrees(lambda x: (np.hypot(x, x), np.hypot(x, 0.0)), x)
    agrees(lambda x: (np.logaddexp(x, 0.0), np.logaddexp(x, x), np.logaddexp2(-x, x)), x)


def test_logaddexp_keeps_small_terms():
    small = lineara.trace(lambda x: np.logaddexp(0.0, x), -80.0)(-80.0)
    np.testing.assert_allclose(small, np.exp(-80.0), rtol=1e-14)


def test_not_numbers(agrees):
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0])
    y = x[::-1].copy()
    for ufunc in (np.fmax, np.fmin, np.maximum, np.minimum, np.copysign, np.heaviside, np.modf):
        agrees(lambda x, y, f=ufunc: f(x) if f is np.modf else f(x, y), x, y)
    agrees(lambda x: (np.isnan(x), np.isfinite(x), np.isinf(x), np.sign(x), np.signbit(x[1:])), x)


REDUCED = [
    (np.add, ("f8", "f4", "i4", "?", "c16")),
    (np.multiply, ("f8", "i4", "c8")),
    (np.maximum, ("f8", "i4")),
    (np.minimum, ("f8", "u1")),
    (np.logical_and, ("?", "f8")),
    (np.logical_or, ("?", "i4")),
]


@pytest.mark.parametrize(("ufunc", "dtypes"), REDUCED, ids=lambda u: getattr(u, "__name__", ""))
def test_reduce(ufunc, dtypes, agrees, sample):
    for dtype in dtypes:
        x = sample((2, 3, 2), dtype)
        for axis in (0, -1, None, (0, 2)):
            agrees(
                lambda x, a=axis: (ufunc.reduce(x, axis=a), ufunc.reduce(x, a, keepdims=True)), x
            )


@pytest.mark.parametrize("ufunc", [np.add, np.multiply])
def test_accumulate_and_outer(ufunc, agrees, sample):
    for dtype in ("f8", "i4"):
        x = sample((2, 3), dtype)
        agrees(lambda x: (ufunc.accumulate(x), ufunc.accumulate(x, axis=1)), x)
        agrees(lambda x: (ufunc.outer(x, x), ufunc.outer(x, 2)), x)
    agrees(lambda x: np.arctan2.outer(x, x), sample((2,)))


def test_dtype_argument(agrees, sample):
    agrees(lambda x: np.add(x, x, dtype=np.float32), sample((2,), "f4"))
    agrees(lambda x: np.multiply(x, 2, dtype=np.float64), sample((2,), "i4"))
    agrees(lambda x: np.sin(x, dtype=np.float32), sample((2,), "u1"))


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: np.add(x, 1.0, out=np.zeros(2)), r"np.add\(out=…\)"),
        (lambda x: np.add(x, 1.0, where=x > 0), r"np.add\(where=…\)"),
        (lambda x: np.add.at(x, [0], 1.0), r"assignment to an argument.*\n.*\n.*\n.*x.copy\(\)"),
        (lambda x: np.multiply.at(x + 0, [0], 1.0), "np.multiply.at"),
        (lambda x: np.divmod(x, 2.0, out=(x + 0, x + 0)), r"np.divmod\(out=…\)"),
        (lambda x: np.add.reduceat(x, [0]), "np.add.reduceat"),
        (np.subtract.reduce, "np.subtract.reduce"),
        (np.subtract.accumulate, "np.subtract.accumulate"),
        (np.isnat, "np.isnat has no meaning"),
        (lambda x: np.bitwise_and(x, x), "np.bitwise_and does not take operands of dtypes float64"),
        (lambda x: np.sin(x.astype(np.int8)), "np.sin of int8 computes in float16"),
        (lambda x: x + np.zeros(3), r"shapes \(2,\) and \(3,\) do not broadcast"),
        (lambda x: x.astype(int) ** -1, "integers to negative integer powers"),
        (lambda x: x + "a", None),
        (lambda x: np.floor(x * 1j), "np.floor does not take"),
    ],
)
def test_errors_say_what_and_where(f, message):
    with pytest.raises(
        TypeError if message is None else lineara.LinearaError, match=message
    ) as error:
        lineara.trace(f, np.ones(2))
    if message is not None:
        assert "test_ufuncs.py" in str(error.value)
        assert "mend:" in str(error.value)


def test_ufuncs_write_to_traced_arrays(agrees, differentiates):
    def f(x):
        y = np.zeros_like(x)
        z = np.sqrt(x, out=y, where=x > 1)
        np.multiply(y, x, out=y)
        return y, z

    def g(x):
        y = x * 1
        np.add.at(y, [0, 0, 1], x[2] * x[:3])
        np.subtract.at(y, x > 1.5, 0.5)
        np.add.at(y, 0, x[1])
        return y

    for program in (f, g):
        agrees(program, np.array([1.25, 2.5, 0.75]))
        differentiates(program, np.array([1.25, 2.5, 0.75]))


@pytest.mark.parametrize("ufunc", [np.maximum, np.minimum])
def test_running_extrema(ufunc, agrees, differentiates, sample):
    for axis in (0, -1):
        agrees(lambda x, axis=axis: ufunc.accumulate(x, axis), sample((4, 3)))
    differentiates(lambda x: ufunc.accumulate(x, 1), sample((2, 5)))


def test_the_order_of_complex_numbers(agrees, differentiates):
    rng = np.random.default_rng(0)
    x = rng.integers(-1, 2, (4, 5)) + 1j * rng.integers(-1, 2, (4, 5))
    missing = np.where(np.arange(5) == 3, np.nan, x)
    for f in (np.sort, np.argmax, np.argmin, np.max, np.min):
        for axis in (0, -1, None):
            agrees(lambda x, f=f, axis=axis: f(x, axis=axis), x)
    agrees(lambda x: np.argsort(x, axis=0, stable=True), x)
    agrees(lambda x: (np.max(x, axis=1), np.min(x), np.argmin(x, axis=1)), missing)
    for ufunc in (np.maximum, np.minimum, np.fmax, np.fmin):
        agrees(lambda x, f=ufunc: (f(x, x[::-1]), f(x, 0.0)), missing)
    for ufunc in COMPARISONS:
        agrees(lambda x, f=ufunc: (f(x, x[::-1]), f(x, 0)), x)
    z = rng.normal(size=4) + 1j * rng.normal(size=4)
    differentiates(lambda x: (np.max(x), np.sort(x) * np.arange(4)), z)


def test_round(agrees):
    agrees(lambda x: round(x[0], 1), np.array([1.26, 2.0]))
    with pytest.raises(TypeError, match=r"np\.round"):
        lineara.trace(round, np.ones(2))
