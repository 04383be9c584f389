"""Folding evaluated one scalar of an empty array, which has none, and ended with the error of that scalar."""

from lineara.ir import ArrayType, Builder
from lineara.optimize import literals
from lineara.primitives import Expr
from lineara.primitives.elementary import pow_


def test_an_equation_that_cannot_be_evaluated_on_a_scalar_is_not_folded():
    builder = Builder("f")
    x = Expr(builder, builder.literal(-1, ArrayType("i64", (0,))))
    f = builder.finish([pow_(x, x).var])
    assert literals(f) == f
