"""The infix operators, and what they stand for: records, beside the sum, which is `Add` in either zone."""

from lineara.ir import Primitive
from lineara.primitives.arithmetic import div, mul, neg, scale, sub

BINARY: dict[str, Primitive] = {"-": sub, "*": mul, "/": div}
"""Symbols of nonlinear code."""

NEGATION, PRODUCT = neg, scale
"""`-x`, and `c *. x`, whose right operand and result are linear."""

SYMBOLS = {record: symbol for symbol, record in BINARY.items()}
