"""Batching of loops.

A scan runs its batched body; which carries are batched is a fixpoint. A loop of unknown length runs as long as one example
goes on. Examples that are done keep their carry; the body is given the operands of one that goes on in their place.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lineara.ir import (
    UNIT,
    ArrayType,
    Builder,
    Equation,
    Function,
    ListType,
    Scan,
    TupleType,
    Type,
    Var,
    While,
    stacked,
)
from lineara.primitives import Expr, comparison, conversion, reductions, shape
from lineara.transforms.batch_choice import (
    may_refuse,
    or_nothing,
    taking_part,
    where,
)
from lineara.transforms.batch_lists import holds_list

if TYPE_CHECKING:
    from lineara.transforms.batch import Batcher

Steps = Generator[Any, Any, None]


def batch_scan(batcher: Batcher, e: Equation, op: Scan) -> Steps:
    """The scan of the batched body."""
    lead = e.inputs[: op.length is None]
    operands = e.inputs[len(lead) :]
    each_its_own = any(v in batcher.batched for v in lead)
    into, out = carries_of_scan(op)
    mask = [v in batcher.batched for v in operands]
    demanded = [each_its_own or v in batcher.forced for v in e.outputs]
    for i in into:
        mask[i] = mask[i] or each_its_own
    while True:
        body, results = yield op.body, batcher.size, tuple(mask), tuple(demanded)
        grown = [i for i, o in zip(into, out, strict=True) if results[o] != mask[i]]
        if not grown:
            break
        for i, o in zip(into, out, strict=True):
            mask[i] = demanded[o] = mask[i] or results[o]
    fixed = {*range(op.constants), *into}
    inputs = [
        _into(batcher, v, is_batched, op.length if i not in fixed else None)
        for i, (v, is_batched) in enumerate(zip(operands, mask, strict=True))
    ]
    given = [
        Var(v.type if i in out else stacked(v.type, op.length), linear=v.linear)
        for i, v in enumerate((*body.results, *body.linear_results))
    ]
    if each_its_own:
        scan = replace(op, body=body)
        _scan_each(batcher.builder, batcher.now[lead[0]], scan, mask, inputs, given)
    else:
        trips = [batcher.now[v] for v in lead]
        batcher.builder.emit(replace(op, body=body), [*trips, *inputs], given)
    for i, (old, new, is_batched) in enumerate(zip(e.outputs, given, results, strict=True)):
        stack = i not in out and is_batched and op.length is not None
        batcher.bind(old, swapped(batcher.builder, new) if stack else new, is_batched)


def _scan_each(
    builder: Builder,
    trips: Var,
    op: Scan,
    mask: Sequence[bool],
    inputs: list[Var],
    given: list[Var],
) -> None:
    """A scan of as many trips as the longest example has; it counts them, and leaves examples that are done as they are."""
    body = op.body
    assert isinstance(trips.type, ArrayType)
    longest = reductions.reduce_max(Expr(builder, trips), axes=(0,))
    first = longest - 1 if op.reverse else longest.full(0)
    step = Builder(body.name, body.origin)
    own_trips = step.param(trips.type)
    constants = [step.param(v.type) for v in body.params[: op.constants]]
    now = Expr(step, step.param(longest.type))
    others = [step.param(v.type, hint=v.hint) for v in body.params[op.constants :]]
    others_dot = [step.param(v.type, linear=True, hint=v.hint) for v in body.linear_params]
    turn = shape.broadcast(now, shape=trips.type.shape, axes=())
    goes_on = comparison.lt(turn, Expr(step, own_trips)).var
    after, after_dot = _called(step, body, goes_on, [*constants, *others], others_dot, mask)
    kept = _kept(step, goes_on, after, others[: op.carry])
    kept_dot = _kept(step, goes_on, after_dot, others_dot[: op.linear_carry])
    following = (now - 1 if op.reverse else now + 1).var
    scan = replace(
        op,
        body=step.finish([following, *kept], kept_dot),
        constants=op.constants + 1,
        carry=op.carry + 1,
    )
    operands = [longest.var, trips, *inputs[: op.constants], first.var, *inputs[op.constants :]]
    builder.emit(scan, operands, [Var(longest.type), *given])


def _called(
    builder: Builder,
    body: Function,
    goes_on: Var,
    given: Sequence[Var],
    given_dot: Sequence[Var],
    batched: Sequence[bool],
) -> tuple[tuple[Var, ...], tuple[Var, ...]]:
    """The body, of no account for the examples that are done."""
    if may_refuse(body):
        given = taking_part(builder, goes_on, given, batched[: len(given)])
    if any([holds_list(v.type) for v in body.linear_results]):
        pairs = zip(given_dot, batched[len(given) :], strict=True)
        given_dot = [or_nothing(builder, goes_on, v) if on else v for v, on in pairs]
    return builder.call(body, given, given_dot)


def _kept(builder: Builder, mask: Var, after: Sequence[Var], before: Sequence[Var]) -> list[Var]:
    """Carries as they were, and zeros of what is stacked, for the examples that are done."""
    count = len(before)
    carries = [where(builder, mask, x, y) for x, y in zip(after[:count], before, strict=True)]
    return carries + [or_nothing(builder, mask, x) for x in after[count:]]


def carries_of_scan(op: Scan) -> tuple[list[int], list[int]]:
    """The positions of the carries among the parameters and among the results of the body."""
    count, done = len(op.body.params), len(op.body.results)
    into = [*range(op.constants, op.constants + op.carry), *range(count, count + op.linear_carry)]
    return into, [*range(op.carry), *range(done, done + op.linear_carry)]


def _into(batcher: Batcher, v: Var, is_batched: bool, length: int | None) -> Var:
    """An operand of a batched scan; a stack has the trips first."""
    if not is_batched:
        return batcher.now[v]
    new = batcher.all_examples(v)
    return new if length is None else swapped(batcher.builder, new)


def swapped(builder: Builder, v: Var) -> Var:
    """The first two axes exchanged; a list has its trips outside already."""
    if isinstance(v.type, ListType) or v.type is UNIT:
        return v
    if isinstance(v.type, TupleType):
        return builder.make_tuple([swapped(builder, x) for x in builder.unpack(v)])
    rest = range(2, len(v.type.shape))
    turned: Var = shape.transpose(Expr(builder, v), permutation=(1, 0, *rest)).var
    return turned


def batch_while(batcher: Batcher, e: Equation, op: While) -> Steps:
    """The loop of the batched body; when the condition depends on the example, until no example goes on."""
    (first, second), carry = op.constants, op.carry
    tested, operands = e.inputs[:first], e.inputs[first:]
    mask = [v in batcher.batched for v in operands]
    of_test = [v in batcher.batched for v in tested]
    count, done = len(op.body.params), len(op.body.results)
    into = [*range(second, second + carry), *range(count, count + op.linear_carry)]
    out = [*range(carry), *range(done, done + op.linear_carry)]
    demanded = [v in batcher.forced for v in e.outputs[1:]]
    while True:
        body, results = yield op.body, batcher.size, tuple(mask), tuple(demanded)
        test_mask = (*of_test, *mask[second : second + carry])
        condition, (each_its_own,) = yield op.condition, batcher.size, test_mask, (False,)
        stable = all(results[o] == mask[i] for i, o in zip(into, out, strict=True))
        if stable and (not each_its_own or (all(mask[i] for i in into) and all(results))):
            break
        for i, o in zip(into, out, strict=True):
            mask[i] = demanded[o] = mask[i] or results[o] or each_its_own
        if each_its_own:
            demanded = [True] * len(demanded)
    inputs = [batcher.now[v] for v in tested]
    inputs += [
        batcher.all_examples(v) if is_batched else batcher.now[v]
        for v, is_batched in zip(operands, mask, strict=True)
    ]
    given = [
        Var(v.type if i in out else ListType(v.type), linear=v.linear)
        for i, v in enumerate((*body.results, *body.linear_results))
    ]
    if not each_its_own:
        trips = Var(ArrayType("i64"))
        batcher.builder.emit(replace(op, condition=condition, body=body), inputs, [trips, *given])
        batcher.bind(e.outputs[0], trips, False)
    else:
        _until_all_done(batcher, e, op, (condition, body), mask, inputs, given)
    for old, new, is_batched in zip(e.outputs[1:], given, results, strict=True):
        batcher.bind(old, new, is_batched)


def _until_all_done(
    batcher: Batcher,
    e: Equation,
    op: While,
    functions: tuple[Function, Function],
    mask: Sequence[bool],
    inputs: list[Var],
    given: list[Var],
) -> None:
    """A loop that also carries the trips of each example, first of its carries."""
    condition, body = functions
    (first, second), size = op.constants, batcher.size
    trips = ArrayType("i64", (size,))
    test = _any_goes_on(condition, first, trips)
    step = _masked_body(condition, body, (first, second), trips, mask)
    builder = batcher.builder
    counts = builder.literal(0, trips)
    lead = inputs[:first] + inputs
    lead.insert(2 * first + second, counts)
    outputs = [Var(ArrayType("i64")), Var(trips), *given]
    constants = (first, first + second)
    builder.emit(While(test, step, constants, op.carry + 1, op.linear_carry), lead, outputs)
    batcher.bind(e.outputs[0], outputs[1], True)


def _any_goes_on(condition: Function, first: int, trips: Type) -> Function:
    """The condition that one example goes on; it is given the trips, and drops them."""
    builder = Builder(condition.name, condition.origin)
    params = [builder.param(v.type, hint=v.hint) for v in condition.params[:first]]
    builder.param(trips)
    params += [builder.param(v.type, hint=v.hint) for v in condition.params[first:]]
    (goes_on,), _ = builder.call(condition, params)
    return builder.finish([reductions.any_(Expr(builder, goes_on), axes=(0,)).var])


def _masked_body(
    condition: Function,
    body: Function,
    constants: tuple[int, int],
    trips: Type,
    mask: Sequence[bool],
) -> Function:
    """The body that leaves the examples that are done as they are, and counts the trips of the others."""
    first, second = constants
    builder = Builder(body.name, body.origin)
    tested = [builder.param(v.type) for v in condition.params[:first]]
    own = [builder.param(v.type) for v in body.params[:second]]
    counts = builder.param(trips)
    carry = [builder.param(v.type, hint=v.hint) for v in body.params[second:]]
    carry_dot = [builder.param(v.type, linear=True, hint=v.hint) for v in body.linear_params]
    (goes_on,), _ = builder.call(condition, [*tested, *carry])
    after, after_dot = _called(builder, body, goes_on, [*own, *carry], carry_dot, mask)
    one = conversion.convert(Expr(builder, goes_on), dtype="i64")
    counted = builder.add(counts, one.var)
    kept = _kept(builder, goes_on, after, carry)
    kept_dot = _kept(builder, goes_on, after_dot, carry_dot)
    return builder.finish([counted, *kept], kept_dot)
