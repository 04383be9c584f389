"""Values and derivatives at points where a record could go wrong."""

import mpmath
import numpy as np
import pytest
from scipy import special

from lineara.backends.reference import evaluate
from lineara.errors import DtypeError, IndexingError, LinearTypeError, ShapeError
from lineara.ir import ArrayType, Builder, infer
from lineara.primitives import REGISTRY, Expr
from lineara.primitives.gathering import accumulate_at, gather, read_at, take_at, write_at
from lineara.transforms import erase, jvp, transpose, unzip
from lineara.typecheck import check


def program(name, *types, **attributes):
    builder = Builder(name)
    operands = [builder.param(t) for t in types]
    return builder.finish(builder.apply(REGISTRY[name], operands, attributes))


def typed(arrays):
    return [ArrayType(a.dtype, a.shape) for a in arrays]


def value(name, *operands, **attributes):
    arrays = [np.asarray(x) for x in operands]
    results = evaluate(program(name, *typed(arrays), **attributes), arrays)
    return results[0] if len(results) == 1 else results


def gradient(name, *operands, **attributes):
    """The gradient of the sum of the result, in reverse mode."""
    arrays = [np.asarray(x, float) for x in operands]
    f = program(name, *typed(arrays), **attributes)
    halves = unzip(jvp(f))
    _, *tape = evaluate(halves.nonlinear, arrays)
    ones = np.ones(f.results[0].type.shape)
    return evaluate(check(transpose(halves.linear)), [*tape, ones])


@pytest.mark.parametrize("x", [0.1, 0.7, 2.5, 30.0, -0.3, -2.6])
@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("erf", mpmath.erf),
        ("erfc", mpmath.erfc),
        ("lgamma", lambda x: mpmath.log(abs(mpmath.gamma(x)))),
        ("digamma", mpmath.digamma),
        ("logistic", lambda x: 1 / (1 + mpmath.exp(-x))),
    ],
)
def test_special_functions_agree_with_mpmath(name, exact, x):
    assert value(name, x) == pytest.approx(float(exact(x)), rel=2e-14)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
@pytest.mark.parametrize("x", [0.2, 1.0, 7.5])
def test_polygamma_agrees_with_mpmath_and_scipy(n, x):
    assert value("polygamma", x, n=n) == pytest.approx(float(mpmath.polygamma(n, x)), rel=1e-12)
    assert value("polygamma", x, n=n) == special.polygamma(n, x)


def test_the_derivatives_of_lgamma_go_on_for_ever():
    f = program("lgamma", ArrayType("f64"))
    for _ in range(4):
        f = check(erase(jvp(f)))
    x = [1.7] + [1.0 if i in (0, 1, 3, 7) else 0.0 for i in range(15)]
    exact = float(mpmath.polygamma(3, 1.7))
    assert evaluate(f, x)[-1] == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(
    ("x", "y", "wanted"),
    [
        (0.0, 0.0, (0.0, 0.0)),
        (0.0, 1.0, (1.0, 0.0)),
        (0.0, 2.0, (0.0, 0.0)),
        (0.0, 3.5, (0.0, 0.0)),
        (2.0, 0.0, (0.0, np.log(2))),
    ],
)
def test_powers_at_the_edge_have_derivatives(x, y, wanted):
    assert gradient("pow", x, y) == pytest.approx(wanted)


def test_integers_to_negative_powers_are_refused():
    with pytest.raises(DtypeError, match="negative powers"):
        value("pow", [2, 3], [1, -1])
    with pytest.raises(DtypeError, match=r"takes an int, not n=0\.5"):
        program("integer_pow", ArrayType("f64"), n=0.5)


@pytest.mark.parametrize("name", ["max", "min"])
def test_equal_operands_share_the_derivative_of_an_extremum(name):
    of_x, of_y = gradient(name, [1.0, 2.0, 5.0], [1.0, 3.0, 4.0])
    larger = [0.5, 0.0, 1.0] if name == "max" else [0.5, 1.0, 0.0]
    assert of_x.tolist() == larger
    assert of_y.tolist() == [1 - a for a in larger]


@pytest.mark.parametrize("name", ["reduce_max", "reduce_min"])
def test_equal_elements_share_the_derivative_of_a_reduction(name):
    (got,) = gradient(name, [[1.0, 1.0], [1.0, 1.0]], axes=(1,))
    assert got.tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_a_derivative_at_nan_is_nan():
    (got,) = gradient("reduce_max", [1.0, np.nan], axes=(0,))
    assert np.isnan(got).all()
    assert np.isnan(gradient("max", np.nan, 1.0)[0])


@pytest.mark.parametrize(
    ("x", "wanted"),
    [([2.0, 0.0, 5.0], [0.0, 10.0, 0.0]), ([0.0, 0.0, 5.0], [0.0, 0.0, 0.0]), ([3.0], [1.0])],
)
def test_the_derivative_of_a_product_needs_no_quotient(x, wanted):
    assert gradient("prod", x, axes=(0,))[0].tolist() == wanted


def test_the_derivative_of_running_products_needs_no_quotient():
    assert gradient("cumprod", [2.0, 0.0, 5.0], axis=0)[0].tolist() == [1.0, 12.0, 0.0]


def test_the_modulus_has_derivative_zero_at_zero():
    assert gradient("abs", [0.0, -2.0])[0].tolist() == [0.0, -1.0]
    f = jvp(program("abs", ArrayType("c128")))
    assert evaluate(f, [0j, 1 + 1j])[1] == 0
    assert evaluate(f, [3 + 4j, 1 + 0j])[1] == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("name", "of_numpy"), [("mod", np.mod), ("rem", np.fmod), ("floor_div", np.floor_divide)]
)
def test_remainders_have_the_signs_of_numpy(name, of_numpy):
    x, y = np.array([7, -7, 7, -7]), np.array([3, 3, -3, -3])
    for dtype in (np.int64, np.float64):
        np.testing.assert_array_equal(value(name, x.astype(dtype), y.astype(dtype)), of_numpy(x, y))


def test_indices_that_repeat_add_up():
    x, i = np.zeros(3), np.array([1, 1, 2])
    assert accumulate_at.evaluate(x, np.array([1.0, 2.0, 4.0]), i, axes=(0,))[0].tolist() == [
        0,
        3,
        4,
    ]
    assert gradient_of_gather(i).tolist() == [0, 2, 1]


def gradient_of_gather(indices):
    builder = Builder("f")
    x = Expr(builder, builder.param(ArrayType("f64", (3,))))
    i = Expr(builder, builder.param(ArrayType("i64", indices.shape)))
    halves = unzip(jvp(builder.finish([gather(x, i, axes=(0,)).var])))
    _, *tape = evaluate(halves.nonlinear, [np.zeros(3), indices])
    return evaluate(transpose(halves.linear), [*tape, np.ones(indices.shape)])[0]


def test_of_indices_that_repeat_the_last_is_written():
    x, i = np.zeros(3), np.array([1, 1, 2])
    assert write_at.evaluate(x, np.array([1.0, 2.0, 4.0]), i, axes=(0,))[0].tolist() == [0, 2, 4]
    rest, part = take_at.evaluate(np.array([7.0, 8.0, 9.0]), i, axes=(0,))
    assert rest.tolist() == [7, 0, 0]
    assert part.tolist() == [0, 8, 9]


def test_evaluation_leaves_the_operands_of_a_write_alone():
    x, i = np.arange(3.0), np.array([1])
    for record in (accumulate_at, write_at):
        record.evaluate(x, np.array([5.0]), i, axes=(0,))
    take_at.evaluate(x, i, axes=(0,))
    assert x.tolist() == [0, 1, 2]


@pytest.mark.parametrize("wrong", [-1, 3])
@pytest.mark.parametrize("record", [gather, read_at, take_at], ids=lambda record: record.name)
def test_an_index_out_of_range_is_an_error(record, wrong):
    with pytest.raises(
        IndexingError, match=f"index {wrong} is out of bounds for axis 0 with size 3"
    ):
        record.evaluate(np.zeros(3), np.array([0, wrong]), axes=(0,))


def test_what_does_not_fit_is_refused_by_name():
    f64 = ArrayType("f64", (3,))
    with pytest.raises(ShapeError, match="no extremum"):
        infer(REGISTRY["reduce_max"], (("axes", (0,)),), (ArrayType("f64", (0,)),))
    with pytest.raises(ShapeError, match=r"label 1 of .* stands in one place only"):
        infer(REGISTRY["contract"], (("spec", ((0,), (1,), (0,))),), (f64, f64))
    inner = (("spec", ((0,), (0,), ())),)
    with pytest.raises(ShapeError, match="axes labelled 0 have sizes 3 and 2"):
        infer(REGISTRY["contract"], inner, (f64, ArrayType("f64", (2,))))
    with pytest.raises(DtypeError, match="would lose the imaginary part"):
        infer(REGISTRY["convert"], (("dtype", "f64"),), (ArrayType("c128"),))


def test_only_all_parts_of_a_concatenation_are_linear_together():
    builder = Builder("f")
    x = Expr(builder, builder.param(ArrayType("f64", (2,)), linear=True))
    y = Expr(builder, builder.param(ArrayType("f64", (2,))))
    with pytest.raises(LinearTypeError, match="linear in all its operands together"):
        REGISTRY["concatenate"](x, y, axis=0)


@pytest.mark.parametrize(
    ("spec", "of_numpy"),
    [
        (((0, 1), (1, 2), (0, 2)), "ab,bc->ac"),
        (((0, 1, 2), (0, 2, 3), (3, 0, 1)), "abc,acd->dab"),
        (((0, 1), (0, 1), ()), "ab,ab->"),
        (((0,), (1,), (1, 0)), "a,b->ba"),
    ],
)
def test_contractions_are_those_of_einsum(spec, of_numpy):
    rng = np.random.default_rng(0)
    sizes = (2, 3, 4, 5)
    x, y = (rng.normal(size=[sizes[a] for a in labels]) for labels in spec[:2])
    np.testing.assert_allclose(value("contract", x, y, spec=spec), np.einsum(of_numpy, x, y))
