"""What every record of the table proves about itself, at each of its examples."""

import math
from itertools import product

import numpy as np
import pytest

from lineara.backends.reference import evaluate
from lineara.cost import work
from lineara.errors import LinearaError
from lineara.ir import ArrayType, Builder, has_tangent, infer
from lineara.primitives import REGISTRY, Expr
from lineara.transforms import erase, jvp, transpose, unzip
from lineara.typecheck import check

SINGLE = {"f4": "f64", "c8": "c128"}


def cases(condition=lambda record, example: True):
    return [
        pytest.param(record, example, id=f"{name}-{i}")
        for name, record in REGISTRY.items()
        for i, example in enumerate(record.examples)
        if condition(record, example)
    ]


def is_nonlinear(record, example):
    return not record.borrows


def is_differentiated(record, example):
    return not record.borrows and any(t.is_inexact for t in example.operands)


def is_double(record, example):
    types = infer(record, example.attributes, example.operands)
    return has_double_precision([*example.operands, *types])


def has_double_precision(types):
    return all(t.dtype.itemsize == 8 * (1 + (t.dtype.kind == "c")) for t in types if t.is_inexact)


def is_smooth(record, example):
    return is_differentiated(record, example) and record.jvp is not None


def linear_cases():
    return [
        pytest.param(record, example, group, id=f"{name}-{i}-{''.join(map(str, sorted(group)))}")
        for name, record in REGISTRY.items()
        for i, example in enumerate(record.examples)
        for group in record.linear_groups(len(example.operands))
        if all(example.operands[k].is_inexact for k in group)
        and all(t.is_inexact for t in infer(record, example.attributes, example.operands))
    ]


def draw(rng, type_, low=-2.0, high=2.0):
    kind, shape = type_.dtype.kind, type_.shape
    if kind == "b":
        return rng.random(shape) < 0.5
    if kind in "iu":
        start = 0 if kind == "u" else math.ceil(low)
        return rng.integers(max(start, math.ceil(low)), math.ceil(high), shape).astype(type_.dtype)
    value = rng.uniform(low, high, shape)
    if kind == "c":
        value = value + 1j * rng.uniform(low, high, shape)
    return np.asarray(value, type_.dtype)


def draw_operands(record, example, seed=0):
    """Operands within the bounds of the example that the record admits."""
    rng = np.random.default_rng(seed)
    for _ in range(10_000):
        operands = [draw(rng, t, example.low, example.high) for t in example.operands]
        if record.admits is None or record.admits(*operands):
            return operands
    raise AssertionError("no sample is admitted")


def draw_like(variables, seed=1):
    rng = np.random.default_rng(seed)
    return [draw(rng, v.type) for v in variables]


def program(record, operands, attributes, reading=None):
    """The function that is one application, and what is read of its results."""
    builder = Builder(record.name)
    inputs = [builder.param(t) for t in operands]
    results = builder.apply(record, inputs, dict(attributes))
    if reading is not None:
        results = [x.var for x in reading(*[Expr(builder, v) for v in results])]
    return check(builder.finish(results))


def program_of(record, example):
    return program(record, example.operands, example.attributes, example.reading)


def linear_program(record, example, group):
    builder = Builder(record.name)
    inputs = [
        Expr(builder, builder.param(t, linear=i in group)) for i, t in enumerate(example.operands)
    ]
    given = inputs[0].bind(record, inputs, dict(example.attributes))
    return check(builder.finish((), [x.var for x in given]))


def pairing(w, v):
    return float(sum(np.sum(a * b).real for a, b in zip(w, v, strict=True)))


def scale_of(w, v):
    return float(1 + sum(np.sum(np.abs(a * b)) for a, b in zip(w, v, strict=True)))


def tolerance(types):
    return 1e-12 if has_double_precision(types) else 2e-5


def close(got, wanted, rtol, atol=None):
    assert len(got) == len(wanted)
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol if atol is None else atol)


def types_of(variables):
    return [v.type for v in variables]


def differences(f, x, dx, step=1e-5):
    """Central differences of the results that have tangents."""
    ahead, behind = (
        evaluate(f, [a if d is None else a + s * step * d for a, d in zip(x, dx, strict=True)])
        for s in (1, -1)
    )
    return [
        (a - b) / (2 * step)
        for v, a, b in zip(f.results, ahead, behind, strict=True)
        if has_tangent(v.type)
    ]


def directions(f, seed=1):
    """A tangent for each parameter that has one, else None; and the tangents alone."""
    rng = np.random.default_rng(seed)
    dx = [draw(rng, p.type) if has_tangent(p.type) else None for p in f.params]
    return dx, [d for d in dx if d is not None]


@pytest.mark.parametrize(("record", "example"), cases())
def test_the_types_of_the_results_are_those_of_the_values(record, example):
    types = infer(record, example.attributes, example.operands)
    with np.errstate(all="ignore"):
        values = record.evaluate(*draw_operands(record, example), **dict(example.attributes))
    assert isinstance(values, tuple)
    assert [ArrayType(v.dtype, v.shape) for v in values] == list(types)
    assert all(isinstance(v, np.ndarray) for v in values)


@pytest.mark.parametrize("name", REGISTRY)
def test_a_record_says_what_it_is_and_shows_examples(name):
    record = REGISTRY[name]
    assert record.name == name
    assert record.law
    assert "\n" not in record.law
    assert record.family
    assert record.examples


@pytest.mark.parametrize(("record", "example"), cases())
def test_operands_that_do_not_fit_are_refused_with_a_mend(record, example):
    """Each change of one operand is accepted, with types, or refused by an error of the package."""
    refusals = []
    for i, t in enumerate(example.operands):
        for changed in (
            ArrayType(t.dtype, (*t.shape, 7)),
            ArrayType("bool", t.shape),
            ArrayType("c64" if t.dtype.name != "complex64" else "i16", t.shape),
        ):
            operands = (*example.operands[:i], changed, *example.operands[i + 1 :])
            try:
                types = infer(record, example.attributes, operands)
            except LinearaError as error:
                refusals.append(error)
            else:
                assert all(isinstance(t, ArrayType) for t in types)
    assert all(record.name in str(error) and error.mend for error in refusals)
    assert refusals or len(example.operands) < 2


@pytest.mark.parametrize(("record", "example"), cases(is_nonlinear))
def test_unknown_attributes_are_refused(record, example):
    builder = Builder("f")
    inputs = [builder.param(t) for t in example.operands]
    with pytest.raises(TypeError):
        builder.apply(record, inputs, {**dict(example.attributes), "nonsense": 1})


@pytest.mark.parametrize(
    ("record", "example"), cases(lambda r, e: is_smooth(r, e) and is_double(r, e))
)
def test_the_derivative_is_that_of_finite_differences(record, example):
    f = program_of(record, example)
    derivative = check(jvp(f))
    x = draw_operands(record, example)
    dx, tangents = directions(f)
    got = evaluate(derivative, [*x, *tangents])
    close(got[: len(f.results)], evaluate(f, x), 0)
    close(got[len(f.results) :], differences(f, x, dx), 1e-6, 1e-6)


@pytest.mark.parametrize(
    ("record", "example"), cases(lambda r, e: is_smooth(r, e) and is_double(r, e))
)
def test_the_second_derivative_is_that_of_finite_differences(record, example):
    first = check(erase(jvp(program_of(record, example))))
    second = check(jvp(first))
    x = [*draw_operands(record, example), *draw_like(first.params[len(example.operands) :], 2)]
    dx, tangents = directions(first)
    got = evaluate(second, [*x, *tangents])
    close(got[len(first.results) :], differences(first, x, dx), 1e-5, 1e-5)


@pytest.mark.parametrize(
    ("record", "example"), cases(lambda r, e: is_smooth(r, e) and not is_double(r, e))
)
def test_the_derivative_in_single_precision_is_that_in_double(record, example):
    double = [ArrayType(SINGLE.get(t.dtype.str[1:], t.dtype), t.shape) for t in example.operands]
    single = check(jvp(program_of(record, example)))
    double = check(jvp(program(record, double, example.attributes, example.reading)))
    x = [*draw_operands(record, example), *draw_like(single.linear_params)]
    close(evaluate(single, x), evaluate(double, x), 1e-3)


@pytest.mark.parametrize(
    ("record", "example"), cases(lambda r, e: is_differentiated(r, e) and r.jvp is None)
)
def test_what_is_not_differentiable_has_no_tangent(record, example):
    f = check(jvp(program_of(record, example)))
    values = evaluate(f, [*draw_operands(record, example), *draw_like(f.linear_params)])
    assert all(np.all(v == 0) for v in values[len(f.results) :])


@pytest.mark.parametrize(("record", "example"), cases(is_differentiated))
def test_the_derivative_is_linear_in_the_tangents(record, example):
    f = jvp(program_of(record, example))
    x, count = draw_operands(record, example), len(f.results)
    u, v = (draw_like(f.linear_params, seed) for seed in (1, 2))
    mixed = [np.asarray(2 * a - 3 * b, a.dtype) for a, b in zip(u, v, strict=True)]
    along_u, along_v, along_both = (evaluate(f, [*x, *t])[count:] for t in (u, v, mixed))
    wanted = [2 * a - 3 * b for a, b in zip(along_u, along_v, strict=True)]
    size = max([1.0, *(np.max(np.abs(a), initial=0) for a in (*along_u, *along_v))])
    rtol = tolerance(types_of([*f.params, *f.linear_results]))
    close(along_both, wanted, 50 * rtol, 50 * rtol * size)


@pytest.mark.parametrize(("record", "example"), cases(is_differentiated))
def test_forgetting_linearity_keeps_the_values(record, example):
    f = jvp(program_of(record, example))
    args = [*draw_operands(record, example), *draw_like(f.linear_params)]
    rtol = tolerance(types_of([*f.params, *f.linear_results]))
    close(evaluate(check(erase(f)), args), evaluate(f, args), rtol)


@pytest.mark.parametrize(("record", "example"), cases(is_differentiated))
def test_the_derivative_unzips_and_transposes(record, example):
    f = jvp(program_of(record, example))
    halves = unzip(f)
    tape = evaluate(check(halves.nonlinear), draw_operands(record, example))[len(f.results) :]
    assert work(halves.nonlinear) + work(halves.linear) == work(f)
    assert_transposes(check(halves.linear), tape)


@pytest.mark.parametrize(("record", "example", "group"), linear_cases())
def test_a_record_in_linear_code_transposes(record, example, group):
    f = linear_program(record, example, group)
    coefficients = [a for i, a in enumerate(draw_operands(record, example)) if i not in group]
    assert_transposes(f, coefficients)
    if record.linear_form is None:
        assert work(transpose(f)) == work(f)
    plain = check(erase(f))
    args = [*coefficients, *draw_like(f.linear_params)]
    close(evaluate(plain, args), evaluate(f, args), tolerance(types_of(plain.params)))


def test_what_gives_its_operand_back_stands_in_linear_code_only():
    for record, example in product(REGISTRY.values(), range(1)):
        if record.borrows:
            given = record.examples[example]
            with pytest.raises(LinearaError, match="linear operand"):
                program(record, given.operands, given.attributes)


def assert_transposes(linear, coefficients):
    """⟨w, ℓ v⟩ = ⟨ℓᵀ w, v⟩, the transpose of the transpose is the map, and none costs more than the other."""
    back = check(transpose(linear))
    again = check(transpose(back))
    v, w = draw_like(linear.linear_params, 3), draw_like(linear.linear_results, 4)
    there = evaluate(linear, [*coefficients, *v])
    here = evaluate(back, [*coefficients, *w])
    rtol = tolerance(types_of([*linear.params, *linear.linear_params, *linear.linear_results]))
    assert pairing(w, there) == pytest.approx(pairing(here, v), abs=rtol * scale_of(w, there))
    close(evaluate(again, [*coefficients, *v]), there, 10 * rtol)
    interface = sum(u.type.size for u in (*linear.linear_params, *linear.linear_results))
    assert abs(work(back) - work(linear)) <= interface
