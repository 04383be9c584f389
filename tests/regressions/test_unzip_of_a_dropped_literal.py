"""A literal that moved to the linear half took along the `drop` that the program says, and its work."""

from lineara.cost import work
from lineara.ir import ArrayType, Builder, Drop
from lineara.primitives import Expr
from lineara.transforms import everything, unzip
from lineara.typecheck import check

F64 = ArrayType("f64")


def test_a_literal_that_is_read_and_dropped_is_dropped_after_unzipping_too():
    builder = Builder("f")
    u = Expr(builder, builder.param(F64, linear=True))
    c = builder.literal(2.0, F64)
    builder.emit(Drop(), (c,), ())
    f = builder.finish([], [u.scaled(Expr(builder, c)).var])
    halves = unzip(f, everything)
    assert work(check(halves.nonlinear)) + work(check(halves.linear)) == work(f)
