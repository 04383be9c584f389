"""Angles of any size in quarter turns: Payne and Hanek's reduction, in integers.

    x = M·2ᵉ,  x·2/π mod 4 = M·W·2⁻¹⁹⁰ mod 4

where W is the window of 192 bits of 2/π that begins where M·2ᵉ·2⁻ⁱ falls below 4.
"""

from __future__ import annotations

from itertools import pairwise

from llvmlite import ir

from lineara.backends.native.elementary.arithmetic import DOUBLE, INT64, Lanes, Value
from lineara.backends.native.elementary.outline import declare

INT128 = ir.IntType(128)
TRIPLE = ir.LiteralStructType([INT64, DOUBLE, DOUBLE])
PAD = 64
WORDS = 21
HALF_PI = (1.5707963267948966, 6.123233995736766e-17)
MANTISSA = (1 << 52) - 1
ARCTAN_GUARD = 64


def _arctan_of_inverse(n: int, bits: int) -> int:
    """2ᵇⁱᵗˢ·arctan(1/n), by its series."""
    power = total = (1 << bits) // n
    k, sign = 1, -1
    while power:
        power //= n * n
        k += 2
        total += sign * (power // k)
        sign = -sign
    return total


def two_over_pi() -> tuple[int, ...]:
    """Words of 2/π, first bits first, after a word of zeros; π is Machin's."""
    bits = 64 * (WORDS - 1)
    precision = bits + ARCTAN_GUARD
    quarter = 4 * _arctan_of_inverse(5, precision) - _arctan_of_inverse(239, precision)
    number = (1 << (precision + bits)) // (2 * quarter)
    return tuple((number >> 64 * i) & ((1 << 64) - 1) for i in reversed(range(WORDS)))


def _table(module: ir.Module) -> ir.GlobalVariable:
    known = module.globals.get("lineara.two_over_pi")
    if known is not None:
        return known
    words = two_over_pi()
    table = ir.GlobalVariable(module, ir.ArrayType(INT64, WORDS), "lineara.two_over_pi")
    table.initializer = ir.Constant(table.value_type, words)
    table.linkage, table.global_constant, table.unnamed_addr = "internal", True, True
    return table


def _window(builder: ir.IRBuilder, table: ir.GlobalVariable, start: ir.Value) -> list[ir.Value]:
    """Three words of a table of bits, from a bit on."""
    word = builder.lshr(start, INT64(6))
    shift = builder.and_(start, INT64(63))
    words = [
        builder.load(
            builder.gep(table, [builder.add(word, INT64(i))], source_etype=INT64), typ=INT64
        )
        for i in range(4)
    ]
    joined = []
    for first, second in pairwise(words):
        both = builder.or_(
            builder.shl(builder.zext(first, INT128), INT128(64)), builder.zext(second, INT128)
        )
        moved = builder.shl(both, builder.zext(shift, INT128))
        joined.append(builder.trunc(builder.lshr(moved, INT128(64)), INT64))
    return joined


def _quarters_of(builder: ir.IRBuilder, bits: ir.Value, table: ir.GlobalVariable) -> ir.Value:
    """x·2/π mod 4 as an integer of 128 bits, of which 126 are the fraction."""
    exponent = builder.and_(builder.lshr(bits, INT64(52)), INT64(2047))
    start = builder.add(exponent, INT64(PAD - 2 - 1075))
    mantissa = builder.or_(builder.and_(bits, INT64(MANTISSA)), INT64(1 << 52))
    wide = builder.zext(mantissa, INT128)
    first, second, third = (builder.zext(w, INT128) for w in _window(builder, table, start))
    low = builder.lshr(builder.mul(wide, third), INT128(64))
    middle = builder.add(low, builder.mul(wide, second))
    return builder.add(middle, builder.shl(builder.mul(wide, first), INT128(64)))


def _magnitude(builder: ir.IRBuilder, size: ir.Value, module: ir.Module) -> tuple[ir.Value, ...]:
    """An integer ≥ 0 in units of 2⁻¹²⁶, as the sum of two doubles."""
    name = "llvm.ctlz.i128"
    signature = ir.FunctionType(INT128, [INT128, ir.IntType(1)])
    ctlz = module.globals.get(name) or ir.Function(module, signature, name)
    zeros = builder.call(ctlz, [size, ir.IntType(1)(1)])
    moved = builder.shl(size, zeros)
    first = builder.trunc(builder.lshr(moved, INT128(75)), INT64)
    second = builder.trunc(
        builder.and_(builder.lshr(moved, INT128(22)), INT128((1 << 53) - 1)), INT64
    )
    zeros = builder.trunc(zeros, INT64)
    parts = []
    for part, exponent in ((first, 1023 - 51), (second, 1023 - 104)):
        scale = builder.shl(builder.sub(INT64(exponent), zeros), INT64(52))
        real = builder.sitofp(part, DOUBLE)
        parts.append(builder.fmul(real, builder.bitcast(scale, DOUBLE)))
    return tuple(parts)


def _reduce_one(module: ir.Module) -> ir.Function:
    """double ↦ (quarter turns, rest, tail of the rest)"""
    function, fresh = declare(module, "lineara.quarters", TRIPLE, [DOUBLE], "noinline", "cold")
    if not fresh:
        return function
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    bits = builder.bitcast(function.args[0], INT64)
    turns = _quarters_of(builder, bits, _table(module))
    quarters = builder.lshr(builder.add(turns, INT128(1 << 125)), INT128(126))
    rest = builder.sub(turns, builder.shl(quarters, INT128(126)))
    negative = builder.icmp_signed("<", rest, INT128(0))
    size = builder.select(negative, builder.neg(rest), rest)
    m = Lanes(module, builder, 0, single=False)
    high, low = (Value(m, part) for part in _magnitude(builder, size, module))
    product, error = m.product(high, m.constant(HALF_PI[0]))
    error = error + (high * HALF_PI[1] + low * HALF_PI[0])
    r = product + error
    tail = error - (r - product)
    sign = Value(m, negative)
    result = ir.Constant(TRIPLE, ir.Undefined)
    parts = (
        builder.trunc(quarters, INT64),
        m.where(sign, -r, r).llvm,
        m.where(sign, -tail, tail).llvm,
    )
    for index, part in enumerate(parts):
        result = builder.insert_value(result, part, index)
    builder.ret(result)
    return function


def reduce_huge(m: Lanes, x: Value) -> tuple[Value, Value, Value]:
    """Quarter turns, rest and tail of one x ≥ 2¹⁷; what comes of smaller ones is not used, of inf is NaN."""
    x = m.where(x < 2.0**17, 2.0**17, x)
    triple = m.builder.call(_reduce_one(m.module), [x.llvm])
    quarters, r, tail = (Value(m, m.builder.extract_value(triple, i)) for i in range(3))
    return quarters, m.where(x < float("inf"), r, float("nan")), tail
