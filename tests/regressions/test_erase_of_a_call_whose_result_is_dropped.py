"""Erasing renamed the nonlinear results of calls, but not in the nonlinear equations that read them."""

from lineara.ir import ArrayType, Builder, Drop
from lineara.transforms import erase
from lineara.typecheck import check

F64 = ArrayType("f64")


def test_nonlinear_results_of_a_call_keep_their_names_beside_linear_code():
    callee = Builder("g")
    g = callee.finish([callee.param(F64)])
    caller = Builder("f")
    x, x_dot = caller.param(F64), caller.param(F64, linear=True)
    (y,), _ = caller.call(g, [x])
    caller.emit(Drop(), (y,), ())
    check(erase(caller.finish([], [x_dot])))
