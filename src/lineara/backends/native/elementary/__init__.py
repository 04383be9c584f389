"""Elementary functions of reals as vectorisable arithmetic, for float32 and float64, on any number of lanes.

    y = call(module, builder, "exp", x)

Every function is within 2 units in the last place (4 for pow, lgamma and digamma away from their zeros), with the special
values of C99's annex F; `docs/elementary.md` has the measurements.
"""

from __future__ import annotations

from llvmlite import ir

from lineara.backends.native.elementary.arithmetic import DOUBLE, Lanes, Value, lanes_of, with_lanes
from lineara.backends.native.elementary.outline import declare, suffix
from lineara.backends.native.elementary.table import ELEMENTARY, Elementary

__all__ = ["ELEMENTARY", "NAMES", "Elementary", "call"]

NAMES = frozenset(ELEMENTARY)
MERGED_CALLS = 32


def call(module: ir.Module, builder: ir.IRBuilder, name: str, *values: ir.Value) -> ir.Value:
    """A function of `NAMES` of floats, doubles or vectors of them, all of one type, which is the type of the result.

    Short functions are merged into their callers, so that what two of them compute is computed once; not those that are called
    very often in a module, whose copies would take long to compile.
    """
    type_ = values[0].type
    full = f"lineara.{name}.{suffix(type_)}"
    function, fresh = declare(module, full, type_, [type_] * len(values))
    if fresh:
        _define(function, ELEMENTARY[name], type_)
        function.calls = 0
    function.calls += 1
    if ELEMENTARY[name].inline and function.calls == 1:
        function.attributes.add("alwaysinline")
    elif function.calls > MERGED_CALLS:
        function.attributes.discard("alwaysinline")
        function.attributes.add("noinline")
    return builder.call(function, values)


def _define(function: ir.Function, elementary: Elementary, type_: ir.Type) -> None:
    """Write the body: float32 is widened, computed with shorter polynomials, and rounded once."""
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    count = lanes_of(type_)
    element = type_.element if count else type_
    single = element != DOUBLE
    m = Lanes(function.module, builder, count, single=single)
    operands: list[ir.Value] = list(function.args)
    if single:
        operands = [builder.fpext(a, with_lanes(DOUBLE, count)) for a in operands]
    result = elementary.body(m, *(Value(m, a) for a in operands)).llvm
    builder.ret(builder.fptrunc(result, type_) if single else result)
