"""The values of the command line, and types."""

import math

import numpy as np
import pytest

from lineara.errors import ParseError
from lineara.ir import UNIT, ArrayType, TupleType
from lineara.syntax import parse_type, parse_value

F64 = ArrayType("f64")


def same(left, right):
    if isinstance(left, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left.dtype == right.dtype and np.array_equal(left, right)


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("f64", F64),
        ("R", F64),
        ("f32[2,3]", ArrayType("f32", (2, 3))),
        ("u8 [ 0 ]", ArrayType("u8", (0,))),
        ("()", UNIT),
        ("(f64)", F64),
        ("(f64,)", TupleType((F64,))),
        ("(f64, (), (c128, bool[2]),)", None),
    ],
)
def test_types(text, type_):
    found = parse_type(text)
    assert type_ is None or found is type_
    assert parse_type(repr(found)) is found


def test_values_without_a_type():
    assert parse_value("((2.0, 7.0), true)") == ((2.0, 7.0), True)
    assert parse_value("(1,)") == (1,)
    assert parse_value("()") == ()
    assert parse_value("-2") == -2
    assert parse_value("1-2j") == 1 - 2j
    assert math.isnan(parse_value("nan"))
    assert same(parse_value("[[1, 2], [3, 4.5]]"), np.array([[1, 2], [3, 4.5]]))
    assert same(parse_value("[]"), np.array([]))


def test_values_of_a_type():
    def value(text, type_):
        return parse_value(text, parse_type(type_))

    assert same(value("2", "f64"), np.array(2.0))
    assert same(value("[-inf, 2]", "f32[2]"), np.array([-np.inf, 2], np.float32))
    assert same(value("[[], []]", "i8[2,0]"), np.zeros((2, 0), np.int8))
    assert same(value("18446744073709551615", "u64"), np.array(2**64 - 1, np.uint64))
    assert same(value("2-0.0j", "c64"), np.array(complex(2, -0.0), np.complex64))
    found = value("((2.0, 7.0), [1, 2])", "((f64, f64), f32[2])")
    assert same(found, ((np.array(2.0), np.array(7.0)), np.array([1, 2], np.float32)))


def test_values_of_a_list_type():
    found = parse_value("[[1, 2], [3, 4]]", parse_type("list[f64[2]]"))
    assert isinstance(found, list)
    assert same(tuple(found), (np.array([1.0, 2.0]), np.array([3.0, 4.0])))
    with pytest.raises(ParseError, match=r"expected list\[f64\], and found no list"):
        parse_value("1.0", parse_type("list[f64]"))
