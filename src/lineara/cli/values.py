"""Python arguments as text: literals, NumPy's constructors and types, evaluated without running any other code.

2.0, [1.0, 2.0], {"w": f64[3,2]}, np.ones(3), True
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.cli.failures import UsageError
from lineara.errors import TextOrigin
from lineara.ir import DTYPE_NAMES, ArrayType

CONSTRUCTORS: dict[str, Callable[..., Any]] = {
    "ones": np.ones,
    "zeros": np.zeros,
    "full": np.full,
    "eye": np.eye,
    "arange": np.arange,
    "linspace": np.linspace,
    "array": np.array,
    "float32": np.float32,
    "int64": np.int64,
    "complex64": np.complex64,
}


def evaluate(text: str) -> tuple[Any, ...]:
    """The arguments that a text names; a list of numbers is an array.

    >>> evaluate("2.0, f64[3], {'w': [1.0, 2.0]}")
    (2.0, f64[3], {'w': array([1., 2.])})

    Raises:
        UsageError: at the part that is no value.
    """
    try:
        tree = ast.parse(f"({text},)" if text.strip() else "()", mode="eval")
        value = _Values(text).value(tree.body)
    except SyntaxError as error:
        at = TextOrigin("<arguments>", 1, max(1, (error.offset or 1) - 1), text)
        raise UsageError(
            f"the arguments are no Python: {error.msg}", origin=at, mend=MEND
        ) from None
    assert isinstance(value, tuple)
    return value


MEND = "write numbers, [arrays], (tuples), {'dictionaries': …}, types such as f64[3], or np.ones(3)"


class _Values:
    """One method a kind of expression. Columns are those of the text, which stands in a bracket."""

    def __init__(self, text: str) -> None:
        self.text = text

    def value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=bool() | int() | float() | complex() | str() | None):
                return node.value
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.number(operand)
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as sign, right=right):
                a, b = self.number(left), self.number(right)
                return a + b if isinstance(sign, ast.Add) else a - b
            case ast.Tuple(elts=elements):
                return tuple([self.value(e) for e in elements])
            case ast.List(elts=elements):
                return self.array(node, [self.value(e) for e in elements])
            case ast.Dict(keys=keys, values=values) if all(keys):
                return {
                    self.value(k): self.value(v) for k, v in zip(keys, values, strict=True) if k
                }
            case ast.Name(id=name) if name in DTYPE_NAMES:
                return ArrayType(name)
            case ast.Subscript(value=ast.Name(id=name), slice=shape) if name in DTYPE_NAMES:
                return ArrayType(name, self.shape(shape))
            case ast.Call():
                return self.constructed(node)
        raise self.error(node, f"`{ast.unparse(node)}` is no value here")

    def number(self, node: ast.expr) -> Any:
        value = self.value(node)
        if not isinstance(value, int | float | complex | np.ndarray):
            raise self.error(node, f"`{ast.unparse(node)}` is no number")
        return value

    def array(self, node: ast.expr, elements: list[Any]) -> Any:
        """Numbers and rows of numbers are an array; anything else stays a list."""
        if not all(isinstance(e, int | float | complex | np.ndarray) for e in elements):
            return elements
        try:
            return np.array(elements)
        except ValueError:
            raise self.error(node, "the rows of an array have one length") from None

    def shape(self, node: ast.expr) -> tuple[int, ...]:
        sizes = self.value(node)
        sizes = sizes if isinstance(sizes, tuple) else (sizes,)
        if not all(type(n) is int and n >= 0 for n in sizes):
            raise self.error(node, f"`{ast.unparse(node)}` is no shape")
        return sizes

    def constructed(self, node: ast.Call) -> Any:
        """A call of one of NumPy's constructors, by any prefix."""
        name = ast.unparse(node.func).removeprefix("np.").removeprefix("numpy.")
        constructor = CONSTRUCTORS.get(name)
        if constructor is None:
            raise self.error(node, f"`{name}` is none of {', '.join(CONSTRUCTORS)}")
        try:
            options = {k.arg: self.value(k.value) for k in node.keywords if k.arg}
            return constructor(*[self.value(a) for a in node.args], **options)
        except (TypeError, ValueError) as error:
            raise self.error(node, f"`{ast.unparse(node)}`: {error}") from None

    def error(self, node: ast.expr, problem: str) -> UsageError:
        at = TextOrigin("<arguments>", 1, max(1, node.col_offset), self.text)
        return UsageError(problem, origin=at, mend=MEND)
