"""A function with a linear zone inside, but none in its parameters and results, was taken for a nonlinear one."""

import pytest

from lineara.errors import TransformError
from lineara.ir import ArrayType, Builder
from lineara.transforms import jvp

F64 = ArrayType("f64")


def test_jvp_refuses_linear_code_even_if_it_is_only_inside():
    b = Builder("f")
    x = b.param(F64)
    b.zero(F64)
    with pytest.raises(TransformError, match="has a linear zone already"):
        jvp(b.finish([x]))
