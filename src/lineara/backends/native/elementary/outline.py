"""Rare cases out of line: a function that is called only if a lane needs it.

A lane that does not need it keeps the value of the near path, so that no lane's bits depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from lineara.backends.native.elementary.arithmetic import BIT, Lanes, Value, with_lanes

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


def on_any(
    m: Lanes,
    condition: Value,
    name: str,
    near: Value,
    far: Callable[..., Value],
    *operands: Value,
) -> Value:
    """`far` of the operands where the condition holds, else `near`."""
    type_ = near.llvm.type
    precision = "single" if m.single else "double"
    full = f"lineara.{name}.far.{precision}.{suffix(type_)}"
    function, fresh = declare(
        m.module, full, type_, [v.llvm.type for v in operands], "noinline", "cold"
    )
    if fresh:
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        inner = Lanes(m.module, builder, m.count, single=m.single)
        builder.ret(far(inner, *(Value(inner, a) for a in function.args)).llvm)
    start = m.builder.block
    rare = m.builder.append_basic_block("far")
    done = m.builder.append_basic_block("near")
    m.builder.cbranch(any_lane(m, condition), rare, done).set_weights([1, 4000])
    m.builder.position_at_end(rare)
    other = Value(m, m.builder.call(function, [v.llvm for v in operands]))
    mixed = m.where(condition, other, near)
    m.builder.branch(done)
    m.builder.position_at_end(done)
    phi = m.builder.phi(type_)
    phi.add_incoming(near.llvm, start)
    phi.add_incoming(mixed.llvm, rare)
    return Value(m, phi)
