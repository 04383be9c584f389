"""T8: the transposed linear half of a derivative is the gradient."""

import numpy as np
from hypothesis import given

from lineara.backends.reference import evaluate
from lineara.ir import ArrayType, Builder, TupleType
from lineara.primitives import Expr
from lineara.testing.laws import forward_mode_is_the_derivative, reverse_mode_is_forward_mode
from lineara.testing.programs import generate
from lineara.testing.strategies import programs
from lineara.transforms import jvp, transpose, unzip
from lineara.typecheck import check

F64 = ArrayType("f64")
PAIR = TupleType((F64, F64))


@given(program=programs())
def test_reverse_mode_is_forward_mode_along_every_basis_vector(program):
    reverse_mode_is_forward_mode(program)


@given(program=programs())
def test_forward_mode_is_the_central_difference(program):
    forward_mode_is_the_derivative(program)


def test_few_programs_have_a_kink_where_differences_are_taken():
    compared = [forward_mode_is_the_derivative(generate(seed, 6)) for seed in range(500)]
    assert np.mean(compared) > 0.95


def matvec():
    """A matrix, a pair of rows, applied to a pair."""
    builder = Builder("matvec")
    matrix = builder.param(TupleType((PAIR, PAIR)))
    vector = builder.param(PAIR)
    x, y = (Expr(builder, v) for v in builder.unpack(vector))
    rows = [[Expr(builder, v) for v in builder.unpack(r)] for r in builder.unpack(matrix)]
    return builder.finish([builder.make_tuple([(a * x + b * y).var for a, b in rows])])


def test_the_gradient_of_a_product_of_a_called_matvec_is_that_by_hand():
    builder = Builder("f")
    matrix, vector = builder.param(TupleType((PAIR, PAIR))), builder.param(PAIR)
    (product,), _ = builder.call(matvec(), [matrix, vector])
    x, y = (Expr(builder, v) for v in builder.unpack(product))
    f = builder.finish([(x * y).var])
    halves = unzip(check(jvp(f, (False, True))))
    value, *tape = evaluate(check(halves.nonlinear), [((2.0, 7.0), (1.0, 8.0)), (2.0, 3.0)])
    (gradient,) = evaluate(check(transpose(halves.linear)), [*tape, 1.0])
    assert (value, gradient) == (650, (77, 382))
