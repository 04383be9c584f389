"""The cotangent of an added zero vanished instead of being dropped, and with it the `dup` that the sum becomes."""

from lineara.cost import work
from lineara.ir import ArrayType, Builder
from lineara.transforms import transpose
from lineara.typecheck import check

F64 = ArrayType("f64")


def test_transposing_x_plus_zero_keeps_the_work():
    b = Builder("f")
    x = b.param(F64, linear=True)
    f = b.finish([], [b.add(x, b.zero(F64))])
    assert work(f) == work(check(transpose(f))) == work(transpose(transpose(f))) == 2
