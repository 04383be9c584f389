"""The early half called the checkpointed function for the one result it needed, and still dropped the other."""

from lineara.ir import ArrayType, Builder
from lineara.primitives import Expr
from lineara.primitives.elementary import cos
from lineara.transforms import jvp, unzip
from lineara.typecheck import check


def test_a_dropped_result_of_a_checkpointed_call_is_gone_with_its_drop():
    callee = Builder("g")
    c = cos(Expr(callee, callee.param(ArrayType("f64")))).var
    g = callee.finish([c, c])
    caller = Builder("f")
    x = caller.param(ArrayType("f64"))
    (_, b), _ = caller.call(g, [x], checkpoint=True)
    halves = unzip(jvp(caller.finish([b])))
    check(halves.nonlinear)
    check(halves.linear)
