"""Batching: the same program on many examples at once.

    def f(x: f64[3], y: f64) -> f64            f of 10 examples of x: (f64[10,3], f64) -> f64[10]

A batched value has the examples along a new first axis. What does not depend on an example stays as it is. An elementwise
record is applied to all examples at once, another one by its batching rule, or in a loop over the examples when it has none.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

from lineara.ir import (
    UNIT,
    Add,
    Apply,
    ArrayType,
    Builder,
    Call,
    Drop,
    Dup,
    Equation,
    Function,
    LinearCall,
    ListType,
    Literal,
    MakeTuple,
    Scan,
    Switch,
    TupleType,
    Type,
    Unpack,
    Var,
    While,
    Zero,
    memoised,
)
from lineara.primitives import Expr, shape
from lineara.transforms.batch_lists import forced_lists
from lineara.transforms.batch_loops import batch_scan, batch_while
from lineara.transforms.batch_switch import batch_switch

Mask = tuple[bool, ...]


def batch(function: Function, size: int, batched: Mask) -> tuple[Function, Mask]:
    """The function on `size` examples, and which of its results depend on them.

    `batched` marks the parameters, the linear ones last, that have an example axis, their first.
    """
    none = (False,) * (len(function.results) + len(function.linear_results))
    return _batch(function, size, batched, none)


class Batcher:
    """The batched function under construction: the variables that stand for old ones, and which are batched.

    `forced` are those that must be, whether they depend on an example or not: a list cannot be repeated once it is there.
    """

    def __init__(self, function: Function, size: int, demanded: Mask) -> None:
        self.builder = Builder(function.name, function.origin)
        self.size = size
        self.now: dict[Var, Var] = {}
        self.batched: set[Var] = set()
        self.forced = forced_lists(function, demanded)

    def param(self, v: Var, batched: bool) -> None:
        """Take over a parameter."""
        type_ = batched_type(v.type, self.size) if batched else v.type
        self.bind(v, self.builder.param(type_, linear=v.linear, hint=v.hint), batched)

    def bind(self, old: Var, new: Var, batched: bool) -> None:
        """Let a new variable stand for an old one."""
        new.hint = new.hint or old.hint
        self.now[old] = new
        if batched:
            self.batched.add(old)

    def makes_forced(self, e: Equation) -> bool:
        """Whether the equation makes a list that must be batched, and not just takes it out of a value."""
        return not isinstance(e.op, Unpack | Dup) and not self.forced.isdisjoint(e.outputs)

    def all_examples(self, v: Var) -> Var:
        """The batched variable that stands for an old one; one that is not batched is repeated."""
        return self.now[v] if v in self.batched else self.repeat(self.now[v])

    def repeat(self, v: Var) -> Var:
        """A value repeated for each example."""
        return repeated(self.builder, v, self.size)


@memoised
def _batch(
    function: Function, size: int, batched: Mask, demanded: Mask
) -> Generator[Any, Any, tuple[Function, Mask]]:
    """The batched function; results are batched where they are demanded to be, or depend on an example."""
    batcher = Batcher(function, size, demanded)
    for v, is_batched in zip((*function.params, *function.linear_params), batched, strict=True):
        batcher.param(v, is_batched)
    for e in function.equations:
        batcher.builder.origin, batcher.builder.recompute = e.origin, e.recompute
        if batcher.batched.isdisjoint(e.inputs) and not batcher.makes_forced(e):
            _unchanged(batcher, e)
            continue
        match e.op:
            case Call(rule=rule) if rule is not None:
                _declared(batcher, e, e.op)
            case Call():
                yield from _call(batcher, e, e.op)
            case LinearCall():
                _linear_call(batcher, e, e.op)
            case Switch():
                yield from batch_switch(batcher, e, e.op)
            case Scan():
                yield from batch_scan(batcher, e, e.op)
            case While():
                yield from batch_while(batcher, e, e.op)
            case _:
                _equation(batcher, e)
    both = (*function.results, *function.linear_results)
    out = tuple([d or v in batcher.batched for v, d in zip(both, demanded, strict=True)])
    given = [
        batcher.all_examples(v) if is_batched else batcher.now[v]
        for v, is_batched in zip(both, out, strict=True)
    ]
    count = len(function.results)
    return batcher.builder.finish(given[:count], given[count:]), out


def batched_type(type_: Type, size: int) -> Type:
    """The type of many examples: a list has one batched value for each of its elements."""
    if isinstance(type_, ArrayType):
        return ArrayType(type_.dtype, (size, *type_.shape))
    if isinstance(type_, ListType):
        return ListType(batched_type(type_.element, size))
    return TupleType(tuple(batched_type(t, size) for t in type_.elements))


def _unchanged(batcher: Batcher, e: Equation) -> None:
    outputs = [Var(v.type, linear=v.linear, hint=v.hint) for v in e.outputs]
    batcher.builder.emit(e.op, [batcher.now[v] for v in e.inputs], outputs)
    for old, new in zip(e.outputs, outputs, strict=True):
        batcher.bind(old, new, False)


def _call(batcher: Batcher, e: Equation, op: Call) -> Generator[Any, Any, None]:
    mask = tuple([v in batcher.batched for v in e.inputs])
    wanted = tuple([v in batcher.forced for v in e.outputs])
    callee, out = yield op.function, batcher.size, mask, wanted
    results = [Var(v.type, linear=v.linear) for v in (*callee.results, *callee.linear_results)]
    batcher.builder.emit(Call(callee, op.checkpoint), [batcher.now[v] for v in e.inputs], results)
    for old, new, is_batched in zip(e.outputs, results, out, strict=True):
        batcher.bind(old, new, is_batched)


def _declared(batcher: Batcher, e: Equation, op: Call) -> None:
    """A call of what has a rule: the batched function has the batched rule. All results are batched."""
    mask = tuple([v in batcher.batched for v in e.inputs])
    results = [Var(batched_type(v.type, batcher.size)) for v in e.outputs]
    inputs = [batcher.now[v] for v in e.inputs]
    batcher.builder.emit(_batched_call(op, batcher.size, mask), inputs, results)
    for old, new in zip(e.outputs, results, strict=True):
        batcher.bind(old, new, True)


def _linear_call(batcher: Batcher, e: Equation, op: LinearCall) -> None:
    """Both directions batched; with an example, all linear operands and results depend on it."""
    size, linear = batcher.size, [v for v in e.inputs if v.linear]
    given = tuple([v in batcher.batched for v in e.inputs if not v.linear])
    forward = _batched_call(op.forward, size, given + (True,) * len(linear))
    back = op.backward
    backward = back and _batched_call(back, size, given + (True,) * len(e.outputs))
    results = [Var(batched_type(v.type, size), linear=True) for v in e.outputs]
    inputs = [batcher.all_examples(v) if v.linear else batcher.now[v] for v in e.inputs]
    batcher.builder.emit(LinearCall(forward, backward), inputs, results)
    for old, new in zip(e.outputs, results, strict=True):
        batcher.bind(old, new, True)


def _batched_call(op: Call, size: int, mask: Mask) -> Call:
    """A call for many examples, with batched results, and its rule for them."""

    def batched(function: Function, params: Mask) -> Function:
        demanded = (True,) * (len(function.results) + len(function.linear_results))
        return _batch(function, size, params, demanded)[0]

    rule = op.rule
    if rule is None:
        return replace(op, function=batched(op.function, mask))
    tangents = tuple([m for m, wanted in zip(mask, rule.wrt, strict=True) if wanted])
    derived = rule.derived(f"batch {size} {mask}", lambda: batched(rule.body, (*mask, *tangents)))
    return replace(op, function=batched(op.function, mask), rule=derived)


def _equation(batcher: Batcher, e: Equation) -> None:
    """An equation that runs no function, with some batched operand."""
    builder = batcher.builder
    some = isinstance(e.op, Apply) and e.op.primitive.batch_some is not None
    inputs = [batcher.now[v] if some else batcher.all_examples(v) for v in e.inputs]
    match e.op:
        case Apply() if some:
            batched = tuple([v in batcher.batched for v in e.inputs])
            results: Sequence[Var] = apply_to_some(builder, e.op, inputs, batched)
        case Apply():
            results = apply_to_all(builder, batcher.size, e.op, inputs)
        case Add():
            results = [builder.add(*inputs)]
        case Dup():
            results = [inputs[0], inputs[0]]
        case Drop():
            results = []
        case MakeTuple():
            results = [builder.make_tuple(inputs)]
        case Unpack():
            results = builder.unpack(inputs[0])
        case Zero(type_):
            results = [builder.zero(batched_type(type_, batcher.size))]
        case Literal() | Call() | LinearCall() | Switch() | Scan() | While():
            raise AssertionError(f"no {e.op} with batched operands here")
    for old, new in zip(e.outputs, results, strict=True):
        batcher.bind(old, new, True)


def apply_to_some(builder: Builder, op: Apply, inputs: Sequence[Var], batched: Mask) -> list[Var]:
    """Apply a record that takes operands without examples as they are."""
    rule = op.primitive.batch_some
    assert rule is not None
    made = rule(op.primitive, [Expr(builder, v) for v in inputs], batched, dict(op.attributes))
    return [x.var for x in made]


def apply_to_all(builder: Builder, size: int, op: Apply, inputs: Sequence[Var]) -> list[Var]:
    """Apply a record to all examples; all operands have the examples along a first axis."""
    primitive, attributes = op.primitive, dict(op.attributes)
    if primitive.elementwise:
        return list(builder.apply(primitive, inputs, attributes))
    if primitive.batch is None:
        return _one_by_one(builder, size, op, inputs)
    exprs = [Expr(builder, v) for v in inputs]
    return [x.var for x in primitive.batch(primitive, exprs, attributes)]


def _one_by_one(builder: Builder, size: int, op: Apply, inputs: Sequence[Var]) -> list[Var]:
    """A loop over the examples."""
    body = Builder(op.primitive.name)
    params = []
    for v in inputs:
        assert isinstance(v.type, ArrayType)
        params.append(body.param(ArrayType(v.type.dtype, v.type.shape[1:]), linear=v.linear))
    results = body.apply(op.primitive, params, dict(op.attributes))
    zones = [v for v in results if not v.linear], [v for v in results if v.linear]
    outputs = [Var(batched_type(v.type, size), linear=v.linear) for v in results]
    ordered = [v for v in inputs if not v.linear] + [v for v in inputs if v.linear]
    builder.emit(Scan(body.finish(*zones), size, 0, 0), ordered, outputs)
    return outputs


def repeated(builder: Builder, v: Var, size: int) -> Var:
    """A value repeated for each example."""
    if v.type is UNIT:
        return v  # a linear one as well, which a tuple of nothing is not
    if isinstance(v.type, TupleType):
        return builder.make_tuple([repeated(builder, x, size) for x in builder.unpack(v)])
    assert isinstance(v.type, ArrayType), "lists come out of loops, batched where they need be"
    axes = tuple(range(1, len(v.type.shape) + 1))
    result: Var = shape.broadcast(Expr(builder, v), shape=(size, *v.type.shape), axes=axes).var
    return result
