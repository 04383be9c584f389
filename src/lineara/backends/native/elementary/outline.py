"""Rare cases out of line: a function that is called only if a lane needs it.

A lane that does not need it keeps the value of the near path, so that no lane's bits depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from lineara.backends.native.elementary.arithmetic import (
    BIT,
    DOUBLE,
    INT64,
    Lanes,
    Value,
    with_lanes,
)

ATTRIBUTES = ("nounwind", "readnone")


def suffix(type_: ir.Type) -> str:
    """A type as a part of a name: f64, v8f32."""
    if isinstance(type_, ir.VectorType):
        return f"v{type_.count}{suffix(type_.element)}"
    return "f64" if type_ == ir.DoubleType() else "f32"


def declare(
    module: ir.Module, name: str, result: ir.Type, arguments: list[ir.Type], *more: str
) -> tuple[ir.Function, bool]:
    """The internal function of this name, and whether its body is still to be written."""
    known = module.globals.get(name)
    if known is not None:
        return known, False
    function = ir.Function(module, ir.FunctionType(result, arguments), name)
    function.linkage = "internal"
    for attribute in (*ATTRIBUTES, *more):
        function.attributes.add(attribute)
    return function, True


def any_lane(m: Lanes, condition: Value) -> ir.Value:
    """Whether a truth value holds on any lane."""
    if not m.count:
        return condition.llvm
    name = f"llvm.vector.reduce.or.v{m.count}i1"
    signature = ir.FunctionType(BIT, [with_lanes(BIT, m.count)])
    function = m.module.globals.get(name) or ir.Function(m.module, signature, name)
    return m.builder.call(function, [condition.llvm])


def _one_lane(m: Lanes, name: str, far: Callable[..., Value], arity: int) -> ir.Function:
    """`far` as a function of doubles."""
    precision = "single" if m.single else "double"
    function, fresh = declare(
        m.module, f"lineara.{name}.far.{precision}", DOUBLE, [DOUBLE] * arity, "noinline", "cold"
    )
    if fresh:
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        inner = Lanes(m.module, builder, 0, single=m.single)
        builder.ret(far(inner, *(Value(inner, a) for a in function.args)).llvm)
    return function


def _all_lanes(m: Lanes, one: ir.Function) -> ir.Function:
    """A function of doubles on every lane of vectors, one after the other."""
    type_ = with_lanes(DOUBLE, m.count)
    function, fresh = declare(
        m.module, f"{one.name}.{suffix(type_)}", type_, [type_] * len(one.args), "noinline", "cold"
    )
    if fresh:
        start, body, end = (function.append_basic_block(n) for n in ("start", "lane", "end"))
        builder = ir.IRBuilder(start)
        builder.branch(body)
        builder.position_at_end(body)
        lane, total = builder.phi(INT64), builder.phi(type_)
        value = builder.call(one, [builder.extract_element(a, lane) for a in function.args])
        more, following = builder.insert_element(total, value, lane), builder.add(lane, INT64(1))
        for phi, first, later in ((lane, INT64(0), following), (total, function.args[0], more)):
            phi.add_incoming(first, start)
            phi.add_incoming(later, body)
        builder.cbranch(builder.icmp_signed("<", following, INT64(m.count)), body, end)
        builder.position_at_end(end)
        builder.ret(more)
    return function


def on_any(
    m: Lanes,
    condition: Value,
    name: str,
    near: Value,
    far: Callable[..., Value],
    *operands: Value,
) -> Value:
    """`far` of the operands where the condition holds, else `near`."""
    one = _one_lane(m, name, far, len(operands))
    function = _all_lanes(m, one) if m.count else one
    start = m.builder.block
    rare = m.builder.append_basic_block("far")
    done = m.builder.append_basic_block("near")
    m.builder.cbranch(any_lane(m, condition), rare, done).set_weights([1, 4000])
    m.builder.position_at_end(rare)
    other = Value(m, m.builder.call(function, [v.llvm for v in operands]))
    mixed = m.where(condition, other, near)
    m.builder.branch(done)
    m.builder.position_at_end(done)
    phi = m.builder.phi(near.llvm.type)
    phi.add_incoming(near.llvm, start)
    phi.add_incoming(mixed.llvm, rare)
    return Value(m, phi)
