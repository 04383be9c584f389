"""A tuple as second operand of a record ended the checker with an AttributeError."""

import pytest

from lineara.errors import LinearTypeError
from lineara.ir import Apply, ArrayType, Equation, Function, TupleType, Var
from lineara.primitives.arithmetic import mul
from lineara.typecheck import check

F64 = ArrayType("f64")


def test_a_primitive_of_an_array_and_a_tuple_is_a_type_error():
    x, pair, y = Var(F64), Var(TupleType((F64, F64))), Var(F64)
    f = Function("f", (x, pair), (), (Equation(Apply(mul), (x, pair), (y,)),), (y,), ())
    with pytest.raises(LinearTypeError, match="`mul` takes arrays, not the tuple"):
        check(f)
