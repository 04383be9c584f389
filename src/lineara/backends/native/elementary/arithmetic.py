"""The notation in which elementary functions are written: operators on LLVM values of one or several lanes.

    r = m.fma(k, -LN2, x)      # a double or a vector of doubles
    y = m.where(r < 0, -r, r)

Every operation is generic LLVM: no branches, no gathers, no instructions of one processor. Reals are doubles throughout;
a function of float32 is computed in double with shorter polynomials, `single` says so.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from llvmlite import ir

DOUBLE = ir.DoubleType()
INT64 = ir.IntType(64)
BIT = ir.IntType(1)


def lanes_of(type_: ir.Type) -> int:
    """How many lanes a type has, and 0 for a scalar."""
    return type_.count if isinstance(type_, ir.VectorType) else 0


def with_lanes(element: ir.Type, lanes: int) -> ir.Type:
    """A scalar or vector type."""
    return ir.VectorType(element, lanes) if lanes else element


def bits_of(value: float) -> int:
    """The representation of a double."""
    return int(struct.unpack("<q", struct.pack("<d", value))[0])


class Splat(ir.Constant):  # type: ignore[misc]
    """One number on every lane of a vector, in LLVM's short form."""

    def __init__(self, type_: ir.Type, text: str) -> None:
        super().__init__(type_, None)
        self.text = text

    def _get_reference(self) -> str:
        return f"splat ({self.text})"


def _text(element: ir.Type, value: float) -> str:
    if element == DOUBLE:
        return f"double 0x{struct.pack('>d', value).hex()}"
    return f"{element} {int(value)}"


class Value:
    """An LLVM value with operators: reals, 64-bit integers, or truth values."""

    __slots__ = ("lanes", "llvm")

    def __init__(self, lanes: Lanes, llvm: ir.Value) -> None:
        self.lanes = lanes
        self.llvm = llvm

    @property
    def element(self) -> ir.Type:
        """The type of one lane."""
        type_ = self.llvm.type
        return type_.element if isinstance(type_, ir.VectorType) else type_

    def _apply(self, real: str, integer: str, other: Value | float, swap: bool = False) -> Value:
        a, b = self, self.lanes.lift(other, self.element)
        if swap:
            a, b = b, a
        name = real if self.element == DOUBLE else integer
        return Value(self.lanes, getattr(self.lanes.builder, name)(a.llvm, b.llvm))

    def __add__(self, other: Value | float) -> Value:
        return self._apply("fadd", "add", other)

    def __radd__(self, other: float) -> Value:
        return self._apply("fadd", "add", other, swap=True)

    def __sub__(self, other: Value | float) -> Value:
        return self._apply("fsub", "sub", other)

    def __rsub__(self, other: float) -> Value:
        return self._apply("fsub", "sub", other, swap=True)

    def __mul__(self, other: Value | float) -> Value:
        return self._apply("fmul", "mul", other)

    def __rmul__(self, other: float) -> Value:
        return self._apply("fmul", "mul", other, swap=True)

    def __truediv__(self, other: Value | float) -> Value:
        return self._apply("fdiv", "sdiv", other)

    def __rtruediv__(self, other: float) -> Value:
        return self._apply("fdiv", "sdiv", other, swap=True)

    def __neg__(self) -> Value:
        if self.element == DOUBLE:
            return Value(self.lanes, self.lanes.builder.fneg(self.llvm))
        return 0 - self

    def __and__(self, other: Value | int) -> Value:
        return self._apply("and_", "and_", other)

    def __or__(self, other: Value | int) -> Value:
        return self._apply("or_", "or_", other)

    def __xor__(self, other: Value | int) -> Value:
        return self._apply("xor", "xor", other)

    def __lshift__(self, other: int) -> Value:
        return self._apply("shl", "shl", other)

    def __rshift__(self, other: int) -> Value:
        return self._apply("lshr", "lshr", other)

    def __invert__(self) -> Value:
        return self ^ (1 if self.element == BIT else -1)

    def _compare(self, operator: str, other: Value | float) -> Value:
        b = self.lanes.lift(other, self.element).llvm
        builder = self.lanes.builder
        if self.element == DOUBLE:
            return Value(self.lanes, builder.fcmp_ordered(operator, self.llvm, b))
        return Value(self.lanes, builder.icmp_signed(operator, self.llvm, b))

    def __lt__(self, other: Value | float) -> Value:
        return self._compare("<", other)

    def __le__(self, other: Value | float) -> Value:
        return self._compare("<=", other)

    def __gt__(self, other: Value | float) -> Value:
        return self._compare(">", other)

    def __ge__(self, other: Value | float) -> Value:
        return self._compare(">=", other)

    def equals(self, other: Value | float) -> Value:
        """Lane by lane; a NaN equals nothing."""
        return self._compare("==", other)


class Lanes:
    """What makes and combines the values of one function."""

    def __init__(
        self, module: ir.Module, builder: ir.IRBuilder, count: int, *, single: bool
    ) -> None:
        self.module = module
        self.builder = builder
        self.count = count
        self.single = single

    def constant(self, value: float, element: ir.Type = DOUBLE) -> Value:
        """A number on all lanes."""
        text = _text(element, value)
        if not self.count:
            return Value(self, ir.FormattedConstant(element, text.split(" ", 1)[1]))
        return Value(self, Splat(with_lanes(element, self.count), text))

    def lift(self, value: Value | float, element: ir.Type = DOUBLE) -> Value:
        """A value as it is, a number on all lanes."""
        return value if isinstance(value, Value) else self.constant(value, element)

    def intrinsic(self, name: str, *values: Value | float) -> Value:
        """An intrinsic function of reals of the same type."""
        operands = [self.lift(v).llvm for v in values]
        type_ = operands[0].type
        suffix = f"v{self.count}f64" if self.count else "f64"
        signature = ir.FunctionType(type_, [type_] * len(operands))
        full = f"llvm.{name}.{suffix}"
        known = self.module.globals.get(full)
        function = known or ir.Function(self.module, signature, full)
        return Value(self, self.builder.call(function, operands))

    def fma(self, a: Value | float, b: Value | float, c: Value | float) -> Value:
        """a·b + c, rounded once where the processor can, else twice."""
        return self.intrinsic("fmuladd", a, b, c)

    def sqrt(self, x: Value) -> Value:
        """√x, correctly rounded."""
        return self.intrinsic("sqrt", x)

    def abs(self, x: Value) -> Value:
        """|x|"""
        return self.intrinsic("fabs", x)

    def copysign(self, x: Value | float, y: Value) -> Value:
        """|x| with the sign of y."""
        return self.intrinsic("copysign", x, y)

    def where(self, condition: Value, a: Value | float, b: Value | float) -> Value:
        """Lanes of a where the condition holds, else of b."""
        element = (
            a.element if isinstance(a, Value) else b.element if isinstance(b, Value) else DOUBLE
        )
        chosen = self.builder.select(
            condition.llvm, self.lift(a, element).llvm, self.lift(b, element).llvm
        )
        return Value(self, chosen)

    def clamp(self, x: Value, low: float, high: float) -> Value:
        """x between two bounds; NaN stays NaN."""
        x = self.where(x > high, high, x)
        return self.where(x < low, low, x)

    def bits(self, x: Value) -> Value:
        """The representation of a real as an integer."""
        return Value(self, self.builder.bitcast(x.llvm, with_lanes(INT64, self.count)))

    def real(self, x: Value) -> Value:
        """The real of a representation."""
        return Value(self, self.builder.bitcast(x.llvm, with_lanes(DOUBLE, self.count)))

    def high(self, x: Value, bits: int = 26) -> Value:
        """x with its first bits only; for splitting it into parts whose products are exact."""
        return self.real(self.bits(x) & -(1 << (53 - bits)))

    def poly(self, coefficients: Sequence[float], x: Value) -> Value:
        """c₀ + c₁x + c₂x² + …, in groups of four, so that the chain of dependent operations is short."""
        if len(coefficients) <= 3:
            return self._horner([self.constant(c) for c in coefficients], x)
        square = x * x
        pairs = [
            self._horner([self.constant(c) for c in coefficients[i : i + 2]], x)
            for i in range(0, len(coefficients), 2)
        ]
        if len(pairs) <= 3:
            return self._horner(pairs, square)
        fours = [self._horner(pairs[i : i + 2], square) for i in range(0, len(pairs), 2)]
        return self._horner(fours, square * square)

    def _horner(self, terms: Sequence[Value], x: Value) -> Value:
        total = terms[-1]
        for term in reversed(terms[:-1]):
            total = self.fma(total, x, term)
        return total

    def product(self, a: Value, b: Value) -> tuple[Value, Value]:
        """a·b exactly, as a sum of two: the factors are split, so that no fused operation is needed."""
        a_high, b_high = self.high(a), self.high(b)
        a_low, b_low = a - a_high, b - b_high
        total = a * b
        error = (a_high * b_high - total) + a_high * b_low + a_low * b_high
        return total, error + a_low * b_low
