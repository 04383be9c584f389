"""A function without linear code of its own was taken for erased, though it called one that had some."""

from lineara.ir import ArrayType, Builder
from lineara.transforms import erase, jvp
from lineara.typecheck import check

F64 = ArrayType("f64")


def test_erasing_reaches_the_linear_code_of_callees():
    callee = Builder("g")
    callee.zero(F64)
    g = callee.finish([callee.param(F64)])
    caller = Builder("f")
    results, _ = caller.call(g, [caller.param(F64)])
    check(jvp(erase(caller.finish(results))))


def test_a_function_without_linear_code_stays_itself():
    callee = Builder("g")
    g = callee.finish([callee.param(F64)])
    caller = Builder("f")
    results, _ = caller.call(g, [caller.param(F64)])
    f = caller.finish(results)
    assert erase(f) is f
