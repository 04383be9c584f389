"""The record of a primitive: everything that lineara knows about an operation, in one place.

A few forms make records (`lineara.primitives.forms`); consumers read the fields and never ask for a name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

from lineara.ir.types import ArrayType, Type

Attributes = dict[str, Any]
_named: WeakValueDictionary[str, Primitive] = WeakValueDictionary()
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Example:
    """Operand types and attributes at which the record proves itself, and where its operands are sampled.

    `low` and `high` bound the sampled values of inexact operands, so that they fall into the domain. `reading` emits what
    of the results is determined, where an evaluation chooses the rest, as the phase of an eigenvector.
    """

    operands: tuple[ArrayType, ...]
    attributes: tuple[tuple[str, Any], ...] = ()
    low: float = -2.0
    high: float = 2.0
    reading: Callable[..., Any] | None = None


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Primitive:
    """One operation on arrays.

    evaluate     `(*arrays, **attributes) -> tuple of arrays`, the meaning, in NumPy
    infer        `(*types, **attributes) -> tuple of types`, or a `ShapeError` / `DtypeError`
    work         `(operand types, result types, attributes) -> int`, scalar operations
    jvp          `(operands, results, tangents, attributes) -> tangents of the results`; None: not differentiable
    linear_in    the sets of operand positions in which it is (jointly) linear
    jointly      whether it is linear in all operands together, however many
    transpose    `(operands, cotangents, attributes) -> cotangents of the linear operands`, in their order
    borrows      whether the linear operand 0 is read and given back as linear result 0
    linear_form  how to apply it to linear operands when it is linear but does not stand in linear code itself
    erased       how to apply it when its linear operands are linear no more; None: as it stands
    batch        `(record, operands, attributes) -> results`, for operands that all have a new first axis, of examples;
                 None: an elementwise record as it stands, any other one example after the other
    batch_some   `(record, operands, batched, attributes) -> results`, where only the operands marked in `batched` have the new
                 first axis; None: the others are repeated for each example
    scalar       `(m, *numbers, **attributes) -> number`, the meaning of an elementwise record on one element in machine
                 code: an expression of the arithmetic `m`, which a back end brings; None: `evaluate` is called back
    nest         `(operand types, result types, **attributes) -> loops`, one for each result (`lineara.ir.nest`)
    routine      `(m, operands, results, **attributes)`, emits the meaning of a whole-array algorithm on blocks of memory: a
                 block has a `type` and a `pointer` to contiguous elements; `m` brings loops, memory and library code
    prefers_routine  `(operand types, result types, attributes) -> bool`, of a record with loops and a routine: whether the
                 routine is the faster one; None: never
    transient    whether it is made for one run, so that no program with it is remembered
    key          what tells it apart from other records
    inferred     the result types that are known
    admits       `(*arrays) -> bool`, whether samples are in its domain, where bounds do not say so: regular matrices
    """

    name: str
    law: str
    family: str
    evaluate: Callable[..., tuple[Any, ...]]
    infer: Callable[..., tuple[ArrayType, ...]]
    work: Callable[[tuple[ArrayType, ...], tuple[ArrayType, ...], Attributes], int]
    jvp: Callable[..., Any] | None = None
    linear_in: tuple[frozenset[int], ...] = ()
    transpose: Callable[..., Any] | None = None
    borrows: bool = False
    linear_form: Callable[..., Any] | None = None
    erased: Callable[..., Any] | None = None
    batch: Callable[..., tuple[Any, ...]] | None = None
    batch_some: Callable[..., tuple[Any, ...]] | None = None
    scalar: Callable[..., Any] | None = None
    nest: Callable[..., Any] | None = None
    routine: Callable[..., None] | None = None
    prefers_routine: Callable[..., bool] | None = None
    jointly: bool = False
    elementwise: bool = False
    admits: Callable[..., bool] | None = None
    examples: tuple[Example, ...] = ()
    transient: bool = False
    key: str = field(init=False, default="")
    inferred: dict[Any, tuple[ArrayType, ...]] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """The key tells records apart: it is the name of the first of a name."""
        first = _named.setdefault(self.name, self) is self
        object.__setattr__(self, "key", self.name if first else f"{self.name}#{next(_numbers)}")

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def linear_groups(self, count: int) -> tuple[frozenset[int], ...]:
        """The sets of positions, of `count` operands, in which it is linear."""
        return (frozenset(range(count)),) if self.jointly else self.linear_in

    def results(self, *operands: Any, **attributes: Any) -> tuple[Any, ...]:
        """Apply the record to expressions of one builder, in a rule."""
        applied: tuple[Any, ...] = operands[0].bind(self, operands, attributes)
        return applied

    def __call__(self, *operands: Any, **attributes: Any) -> Any:
        """Apply a record of one result to expressions, in a rule."""
        (result,) = self.results(*operands, **attributes)
        return result


def infer(
    primitive: Primitive,
    attributes: tuple[tuple[str, Any], ...],
    operands: tuple[Type, ...],
) -> tuple[ArrayType, ...]:
    """The result types of a primitive at operand types; raises what its type rule raises."""
    key = attributes, operands
    found = primitive.inferred.get(key)
    if found is None:
        found = primitive.inferred[key] = primitive.infer(*operands, **dict(attributes))
    return found
