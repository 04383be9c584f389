"""Examples that part: some take a branch and others do not, some are done with a loop and others go on.

What is evaluated for all examples at once must not be given what only others are: an index that is out of range, a matrix
that is singular, a loop that does not end. An example that does not take part is given the operands of one that does, and its
results are put aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lineara.ir import (
    UNIT,
    Apply,
    ArrayType,
    Builder,
    Equation,
    Function,
    ListType,
    Switch,
    TupleType,
    Type,
    Var,
    While,
    callees_first,
)
from lineara.primitives import REGISTRY, Expr, comparison, gathering, reductions, shape


def may_refuse(function: Function) -> bool:
    """Whether there may be operands that it raises an error at, or does not end with."""
    return not all([_is_total(e) for f in callees_first(function) for e in f.equations])


def _is_total(e: Equation) -> bool:
    """Of the records of the language those refuse that take indices, matrices, or integer exponents; a user's may."""
    if not isinstance(e.op, Apply):
        return not isinstance(e.op, While)
    record, count = e.op.primitive, len(e.inputs)
    if REGISTRY.get(record.name) is not record:
        return False
    is_multilinear = len(frozenset().union(*record.linear_groups(count))) == count
    if is_multilinear or record.family not in _REFUSING:
        return True
    return record.family == "elementary" and all([v.type.is_inexact for v in e.outputs])


_REFUSING = frozenset(("indexing", "linalg", "decompositions", "elementary"))
"""The families of records with operands that an error is raised at, unless they are linear in all of them."""


def where(builder: Builder, mask: Var, x: Var, y: Var) -> Var:
    """For each example the one or the other value, in either zone; tuples element by element."""
    if x.type is UNIT and x.linear:
        return builder.add(x, y)
    if x.type is UNIT:
        return x
    if isinstance(x.type, TupleType):
        pairs = zip(builder.unpack(x), builder.unpack(y), strict=True)
        return builder.make_tuple([where(builder, mask, a, b) for a, b in pairs])
    assert isinstance(x.type, ArrayType), "a list is chosen as a whole"
    full = shape.broadcast(Expr(builder, mask), shape=x.type.shape, axes=(0,))
    chosen: Var = comparison.select(full, Expr(builder, x), Expr(builder, y)).var
    return chosen


def or_nothing(builder: Builder, mask: Var, x: Var) -> Var:
    """The value where the mask is true, and zeros elsewhere.

    A list stays as it is: what reads it knows for each example how long it is.
    """
    if isinstance(x.type, ListType) or x.type is UNIT:
        return x
    if isinstance(x.type, TupleType):
        parts = [or_nothing(builder, mask, part) for part in builder.unpack(x)]
        return builder.make_tuple(parts)
    nothing = builder.zero(x.type) if x.linear else builder.literal(0, x.type)
    return where(builder, mask, x, nothing)


def taking_part(
    builder: Builder, here: Var, values: Sequence[Var], batched: Sequence[bool]
) -> list[Var]:
    """The values, with those of an example that takes part for each that does not; one does.

    Lists stay as they are: what made them was given the same values.
    """
    leaves = {v: _arrays(builder, v) for v, on in zip(values, batched, strict=True) if on}
    parting = [x for found in leaves.values() for x in found]
    if not parting or not here.type.size:
        return list(values)
    types = [x.type for x in parting]
    branches = (_borrowed(here.type, types), _kept(here.type, types))
    everyone = reductions.all_(Expr(builder, here), axes=(0,)).var
    given = iter(
        builder.emit(Switch(branches), [everyone, here, *parting], [Var(t) for t in types])
    )
    return [_rebuilt(builder, v, given) if v in leaves else v for v in values]


def _arrays(builder: Builder, v: Var) -> list[Var]:
    """The arrays in a value that are in no list."""
    if isinstance(v.type, TupleType):
        return [x for part in builder.unpack(v) for x in _arrays(builder, part)]
    return [] if isinstance(v.type, ListType) else [v]


def _rebuilt(builder: Builder, v: Var, arrays: Iterator[Var]) -> Var:
    """The value with other arrays, and the lists that it has."""
    if isinstance(v.type, TupleType):
        parts = [_rebuilt(builder, part, arrays) for part in builder.unpack(v)]
        return builder.make_tuple(parts)
    return v if isinstance(v.type, ListType) else next(arrays)


def _borrowed(here: Type, types: Sequence[Type]) -> Function:
    """The arrays of the first example that takes part, for each that does not."""
    builder = Builder("borrowed")
    mask = Expr(builder, builder.param(here))
    given = [Expr(builder, builder.param(t)) for t in types]
    (size,) = mask.type.shape
    own = Expr(builder, builder.apply(shape.iota, (), {"dtype": "i64", "size": size})[0])
    first = shape.broadcast(reductions.argmax(mask, axis=0), shape=(size,), axes=())
    number = comparison.select(mask, own, first)
    return builder.finish([gathering.gather(x, number, axes=(0,)).var for x in given])


def _kept(here: Type, types: Sequence[Type]) -> Function:
    builder = Builder("kept")
    builder.param(here)
    return builder.finish([builder.param(t) for t in types])
