"""Every caller listed all values of the tapes of its callees, so that interfaces doubled at each level of calls."""

from lineara.ir import ArrayType, Builder
from lineara.primitives import Expr
from lineara.primitives.elementary import exp
from lineara.transforms import jvp, unzip


def test_a_caller_has_one_tape_value_for_each_of_its_calls():
    builder = Builder("f0")
    x = Expr(builder, builder.param(ArrayType("f64")))
    f = builder.finish([(exp(x) * x).var])
    for level in range(1, 8):
        builder = Builder(f"f{level}")
        (inner,), _ = builder.call(f, [builder.param(ArrayType("f64"))])
        (outer,), _ = builder.call(f, [inner])
        f = builder.finish([outer])
    assert len(unzip(jvp(f)).tape) == 2
