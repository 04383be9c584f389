"""T6: size grows by a constant factor under each transformation; nothing is inlined."""

import time

import pytest
from hypothesis import given

from lineara.cost import size, work
from lineara.ir import ArrayType, Builder, callees_first
from lineara.optimize import simplify
from lineara.primitives import REGISTRY, Expr
from lineara.primitives.elementary import sin
from lineara.testing.laws import size_grows_by_a_constant
from lineara.testing.strategies import programs
from lineara.transforms import erase, jvp, nothing, transpose, unzip
from lineara.typecheck import check

F64 = ArrayType("f64")
UNZIP, TRANSPOSE = 2, 2


def growth(record, example):
    """The derivative of one application of a record, compared with the nodes of that equation."""
    builder = Builder("one")
    operands = [builder.param(t) for t in example.operands]
    results = builder.apply(record, operands, dict(example.attributes))
    return size(jvp(builder.finish(results))) / (1 + len(operands) + len(results))


JVP = max(growth(r, e) for r in REGISTRY.values() for e in r.examples if not r.borrows)


@given(program=programs())
def test_a_derivative_and_its_halves_are_larger_by_a_constant_factor(program):
    size_grows_by_a_constant(program, (JVP, UNZIP, TRANSPOSE))


@given(program=programs(mixed=True))
def test_the_halves_of_a_mixed_program_are_larger_by_a_constant_factor(program):
    size_grows_by_a_constant(program, (1, UNZIP, TRANSPOSE))


def chain(length):
    """Functions each of which calls the one before it twice; the first is a sine."""
    builder = Builder("f0")
    f = builder.finish([sin(Expr(builder, builder.param(F64))).var])
    for level in range(1, length + 1):
        builder = Builder(f"f{level}")
        (inner,), _ = builder.call(f, [builder.param(F64)])
        (outer,), _ = builder.call(f, [inner])
        f = builder.finish([outer])
    return f


def stages(f):
    """The function after every stage, second derivatives and the smallest tape included."""
    derivative = jvp(f)
    halves = unzip(derivative)
    backward = transpose(halves.linear)
    erased = erase(backward)
    rest = unzip(derivative, nothing), unzip(jvp(erased))
    pairs = [f for h in rest for f in (h.nonlinear, h.linear, transpose(h.linear))]
    made = [f, derivative, halves.nonlinear, halves.linear, backward, erased, *pairs]
    return [check(g) for g in (*made, *map(simplify, made))]


def test_the_work_of_a_chain_of_calls_is_exponential_and_exact():
    one, many = (unzip(jvp(chain(n))) for n in (0, 200))
    assert work(chain(200)) == 2**200 * work(chain(0))
    for half in ("nonlinear", "linear"):
        assert work(getattr(many, half)) == 2**200 * work(getattr(one, half))
    assert work(transpose(many.linear)) == 2**200


def test_the_number_of_functions_does_not_grow_with_the_calls():
    assert {len(callees_first(g)) for g in stages(chain(50))[:6]} == {51}


@pytest.mark.parametrize("stage", range(len(stages(chain(1)))))
def test_the_size_of_a_chain_of_calls_is_linear_through_every_stage(stage):
    one, two, four = (size(stages(chain(n))[stage]) for n in (10, 20, 40))
    assert four - two == 2 * (two - one)


def test_a_chain_of_200_functions_goes_through_all_stages_in_good_time():
    start = time.perf_counter()
    stages(chain(200))
    assert time.perf_counter() - start < 10
