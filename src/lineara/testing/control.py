"""Switches, scans and loops of random programs; the functions that they run are written by further writers.

An operation is tried at variables that there are, then at the arguments at which its functions were written, and a scan or a
loop at last with one trip, which leaves no domain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lineara.backends.values import stack
from lineara.ir import (
    Add,
    ArrayType,
    Builder,
    Drop,
    Equation,
    Function,
    ListType,
    Literal,
    Op,
    Scan,
    Switch,
    Type,
    Var,
    While,
    stacked,
)
from lineara.primitives import Expr, comparison
from lineara.testing.values import Value, sample
from lineara.testing.vocabulary import FLOATS

if TYPE_CHECKING:
    from lineara.testing.writer import Program, Writer

COUNT = ArrayType("i64")
TRIPS = (0, 1, 2, 2, 3, 4)


def switch(writer: Writer) -> None:
    """A switch of up to three branches, its index now and then out of range."""
    rng = writer.rng
    types, args, linear = *_begun(writer), writer.linear_types((1, 1, 2))
    first = writer.inner("branch")
    linear = linear if first.mixed else []
    branches = [_branch(first, (types, args, linear), None)]
    for number in range(rng.randrange(3)):
        another = writer.another(type(first), f"branch{number}_")
        branches.append(_branch(another, (types, args, linear), branches[0].function))
    functions, given = _aligned(branches, len(types), len(linear))
    params, linear_params = functions[0].params, [v.type for v in functions[0].linear_params]
    kind = ArrayType("bool") if len(functions) == 2 and rng.random() < 0.5 else COUNT
    index = writer.need(kind, -1, 4)
    outputs = _variables(functions[0])
    inputs = [index, *(writer.need(v.type) for v in params)]
    if not writer.place(Switch(functions), inputs, linear_params, outputs):
        inputs = [index, *(writer.new_param(v.type, x) for v, x in zip(params, given, strict=True))]
        writer.place(Switch(functions), inputs, linear_params, outputs)


def scan(writer: Writer) -> None:
    """A scan; what its body takes besides the carry is a constant or a stack."""
    rng, body = writer.rng, writer.inner("body")
    types, args = _begun(writer)
    linear = writer.linear_types((0, 1, 1, 2)) if body.mixed else []
    body.begin(types, args, linear)
    body.extend(1 + rng.randrange(3))
    program = body.end([body.need(t) for t in types], linear, more=True)
    f = program.function
    split = [rng.random() < 0.5 for _ in program.args[len(types) :]]
    rest = list(zip(f.params[len(types) :], program.args[len(types) :], strict=True))
    constants = [p for p, is_constant in zip(rest, split, strict=True) if is_constant]
    stacks = [p for p, is_constant in zip(rest, split, strict=True) if not is_constant]
    fixed = constants + list(zip(f.params, args, strict=False))
    f = replace(f, params=tuple([v for v, _ in fixed + stacks]), _digest=[])
    op = Scan(f, rng.choice(TRIPS), len(constants), len(types), len(linear), rng.random() < 0.5)
    if _place_scan(writer, op, [writer.need(v.type) for v, _ in fixed], stacks):
        return
    inputs = [writer.new_param(v.type, x) for v, x in fixed]
    if not _place_scan(writer, op, inputs, stacks):
        _place_scan(writer, replace(op, length=1), inputs, stacks)


def _place_scan(
    writer: Writer, op: Scan, inputs: list[Var], stacks: Sequence[tuple[Var, Value]]
) -> bool:
    length = op.length
    assert length is not None, "a scan over arrays"
    columns = []
    for v, x in stacks:
        values = [x, *(sample(v.type, writer.rng) for _ in range(length))][:length]
        if writer.rng.random() < 0.5:
            values = [x] * length
        columns.append(writer.new_param(stacked(v.type, length), stack(values, v.type, length)))
    linear = [
        v.type if i < op.linear_carry else stacked(v.type, length)
        for i, v in enumerate(op.body.linear_params)
    ]
    return writer.place(op, [*inputs, *columns], linear, _of_loop(op, length))


def loop(writer: Writer) -> None:
    """A loop that counts up to a limit, and often a scan over the lists that it gives."""
    writer.end_lists()
    rng, body = writer.rng, writer.inner("step")
    types, args = _begun(writer)
    linear = writer.linear_types((1, 1, 2)) if body.mixed else []
    start = sample(COUNT, rng)
    body.close_to_linear()
    body.begin([COUNT, *types], [start, *args], linear)
    counter = body.builder.params[0]
    body.extend(1 + rng.randrange(3))
    following = _counted(body, counter)
    program = body.end([following, *(body.need(t) for t in types)], linear, more=True)
    f, carry = program.function, 1 + len(types)
    constants = list(zip(f.params[carry:], program.args[carry:], strict=True))
    f = replace(f, params=(*f.params[carry:], *f.params[:carry]), _digest=[])
    test = _condition(f"{f.name}_test", [COUNT, *types])
    op = While(test, f, (1, len(constants)), carry, len(linear))
    fixed = [*constants, (counter, start), *zip(f.params[len(constants) + 1 :], args, strict=True)]
    trips = rng.choice(TRIPS)
    inputs = [writer.need(v.type) for v, _ in fixed]
    outputs = [Var(COUNT), *_of_loop(op, None)]
    if not _place_loop(writer, op, inputs, trips, outputs):
        inputs = [writer.new_param(v.type, x) for v, x in fixed]
        if not _place_loop(writer, op, inputs, trips, outputs):
            _place_loop(writer, op, inputs, 1, outputs)
    if outputs[0] in writer.values and rng.random() < 0.7:
        _sweep(writer, outputs)


def _place_loop(
    writer: Writer, op: While, inputs: list[Var], trips: int, outputs: Sequence[Var]
) -> bool:
    limit = Var(COUNT)
    count = int(writer.values[inputs[op.constants[1]]]) + trips
    writer.place(Literal(count, COUNT), (), (), [limit])
    linear = [v.type for v in op.body.linear_params]
    return writer.place(op, [limit, *inputs], linear, outputs)


def _sweep(writer: Writer, made: Sequence[Var]) -> None:
    """A scan over the lists of a loop, as many trips as that had."""
    trips, lists = made[0], [v for v in made if isinstance(v.type, ListType)]
    if not lists:
        return
    rng, body = writer.rng, writer.inner("sweep")
    read = [v for v in lists if not v.linear]
    linear_read = [v.type for v in lists if v.linear] if body.mixed else []
    types, args = _begun(writer)
    linear = writer.linear_types((0, 1, 1)) if body.mixed else []
    elements, linear_elements = _elements([v.type for v in read]), _elements(linear_read)
    lasts = [
        writer.lists[v][-1] if writer.lists[v] else sample(t, rng)
        for v, t in zip(read, elements, strict=True)
    ]
    body.close_to_linear()
    body.begin([*types, *elements], [*args, *lasts], [*linear, *linear_elements])
    body.extend(1 + rng.randrange(3))
    count = len(types) + len(read)
    program = body.end([body.need(t) for t in types], linear, more=True)
    f, constants = program.function, program.args[count:]
    f = replace(f, params=(*f.params[count:], *f.params[:count]), _digest=[])
    op = Scan(f, None, len(constants), len(types), len(linear), rng.random() < 0.5)
    fixed = zip(f.params, (*constants, *args), strict=False)
    inputs = [trips, *(writer.new_param(v.type, x) for v, x in fixed), *read]
    writer.place(op, inputs, [*linear, *linear_read], _of_loop(op, None))


STEPS: tuple[Callable[[Writer], None], ...] = (switch, scan, loop)


def _begun(writer: Writer) -> tuple[list[Type], list[Value]]:
    """Types and arguments of parameters to begin a function with."""
    known = list(writer.values.items())
    begun = [writer.late(known) for _ in range(writer.rng.choice((0, 1, 1, 2)))] if known else []
    return [v.type for v, _ in begun], [x for _, x in begun]


def _branch(
    writer: Writer,
    begun: tuple[Sequence[Type], Sequence[Value], Sequence[Type]],
    like: Function | None,
) -> Program:
    """A branch, with results of the types of another one."""
    writer.begin(*begun)
    writer.extend(1 + writer.rng.randrange(3))
    if like is None:
        return writer.end([], [FLOATS[0]] if writer.mixed else [], more=True)
    results = [writer.need(v.type) for v in like.results]
    return writer.end(results, [v.type for v in like.linear_results], more=False)


def _aligned(
    branches: Sequence[Program], count: int, linear: int
) -> tuple[tuple[Function, ...], list[Value]]:
    """The branches with the parameters of all, and the arguments for those."""
    functions = []
    for branch in branches:
        extra: list[Var] = []
        linear_extra: list[Var] = []
        for other in (b.function for b in branches):
            own = other is branch.function
            extra += other.params[count:] if own else map(_like, other.params[count:])
            linear_extra += (
                other.linear_params[linear:] if own else map(_like, other.linear_params[linear:])
            )
        functions.append(_taking(branch.function, count, linear, (extra, linear_extra)))
    args = [*branches[0].args[:count], *(x for b in branches for x in b.args[count:])]
    return tuple(functions), args


def _taking(
    f: Function, count: int, linear: int, extra: tuple[Sequence[Var], Sequence[Var]]
) -> Function:
    """The function with more parameters, which end at once."""
    own = {*f.params, *f.linear_params}
    drops = [Equation(Drop(), (v,), ()) for zone in extra for v in zone if v not in own]
    return replace(
        f,
        params=(*f.params[:count], *extra[0]),
        linear_params=(*f.linear_params[:linear], *extra[1]),
        equations=(*drops, *f.equations),
        _digest=[],
    )


def _counted(body: Writer, counter: Var) -> Var:
    one, following = Var(COUNT), Var(COUNT)
    body.place(Literal(1, COUNT), (), (), [one])
    add: Op = Add()
    body.place(add, (counter, one), (), [following])
    return following


def _condition(name: str, carry: Sequence[Type]) -> Function:
    """That the counter, the first carry, is below the limit, and a real scalar carry below 2."""
    builder = Builder(name)
    limit, counter, *rest = [Expr(builder, builder.param(t)) for t in (COUNT, *carry)]
    goes_on = comparison.lt(counter, limit)
    real = [x for x in rest if x.type is FLOATS[0]]
    if real:
        small = comparison.lt(real[0], real[0].full(2.0))
        goes_on = comparison.select(small, goes_on, small)
    return builder.finish([goes_on.var])


def _of_loop(op: Scan | While, length: int | None) -> list[Var]:
    """Variables for the carries and the stacks of a loop."""
    zones = (op.body.results, op.carry), (op.body.linear_results, op.linear_carry)
    return [
        Var(v.type if i < carry else stacked(v.type, length), linear=v.linear)
        for zone, carry in zones
        for i, v in enumerate(zone)
    ]


def _elements(lists: Sequence[Type]) -> list[Type]:
    return [t.element for t in lists if isinstance(t, ListType)]


def _variables(f: Function) -> list[Var]:
    return [_like(v) for v in (*f.results, *f.linear_results)]


def _like(v: Var) -> Var:
    return Var(v.type, linear=v.linear)
