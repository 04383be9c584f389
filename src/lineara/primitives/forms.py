"""The forms of a record, and the one rule per record that each of them derives.

elementwise        its partials, one per operand, as expressions of the result and the operands
multilinear        the sets of operands in which it is linear, and one transpose
differentiable     its tangents, as a rule that emits them; for what is neither of the two
nondifferentiable  none of them

A rule works on expressions (`lineara.primitives.arithmetic.Expr`): `+ - * /`, records called as functions, and
`tangent.scaled(c)` for the product `c *. tangent` of a coefficient and a linear value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lineara.errors import DtypeError, LinearTypeError, Origin, ShapeError
from lineara.ir import ArrayType, Example, Primitive
from lineara.ir.primitive import Attributes

REAL, INEXACT, NUMBER, ANY = "f", "fc", "iufc", "biufc"
Partial = Callable[..., Any] | int
F64 = "f64"


def examples_of(
    kinds: str,
    arity: int,
    low: float = -2.0,
    high: float = 2.0,
    samples: Sequence[dict[str, Any]] = ({},),
) -> tuple[Example, ...]:
    """Examples of an elementwise record: a few dtypes of its kinds, a matrix, a scalar and an empty array."""
    dtypes = {"f": "f64 f32", "c": "c128 c64", "i": "i64 i8", "u": "u8", "b": "bool"}
    names = [name for kind in kinds for name in dtypes[kind].split()]
    return tuple(
        Example((ArrayType(name, shape),) * arity, tuple(sorted(given.items())), low, high)
        for given in samples
        for name in names
        for shape in ((2, 3), (), (0,))
    )


def same_type(name: str, kinds: str, operands: Sequence[ArrayType]) -> ArrayType:
    """The one type of the operands, of one of the kinds; an error names what differs."""
    first = operands[0]
    for other in operands[1:]:
        if other.shape != first.shape:
            raise ShapeError(
                f"`{name}` takes operands of one shape, not {_and(operands)}",
                mend="broadcast the smaller operand first",
            )
        if other.dtype != first.dtype:
            raise DtypeError(
                f"`{name}` takes operands of one dtype, not {_and(operands)}",
                mend="convert one of them first",
            )
    check_kind(name, kinds, first)
    return first


def check_kind(name: str, kinds: str, operand: ArrayType) -> None:
    """Refuse an operand whose dtype kind the record does not take."""
    if not isinstance(operand, ArrayType):
        raise DtypeError(
            f"`{name}` takes arrays, not the tuple {operand!r}", mend="unpack it first"
        )
    if operand.dtype.kind not in kinds:
        words = {"b": "bool", "i": "integer", "u": "unsigned", "f": "real", "c": "complex"}
        allowed = ", ".join(words[k] for k in kinds)
        raise DtypeError(
            f"`{name}` takes {allowed} operands, not {operand!r}", mend="convert the operand first"
        )


def check_arity(name: str, count: int, operands: Sequence[ArrayType]) -> None:
    """Refuse another number of operands."""
    if len(operands) != count:
        raise ShapeError(
            f"`{name}` takes {count} operands, not {len(operands)}", mend="give it that many"
        )


def _and(operands: Sequence[ArrayType]) -> str:
    return " and ".join(map(repr, operands))


def real_of(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of the real part."""
    return np.empty(0, dtype).real.dtype


def no_attributes() -> None:
    """What a record without attributes takes."""


def elementwise(
    name: str,
    law: str,
    evaluate: Callable[..., Any],
    partials: Sequence[Partial],
    *,
    kinds: str = INEXACT,
    family: str = "elementary",
    flops: int = 1,
    low: float = -2.0,
    high: float = 2.0,
    linear_in: Sequence[tuple[int, ...]] = (),
    attributes: Callable[..., None] = no_attributes,
    samples: Sequence[dict[str, Any]] = ({},),
    scalar: Callable[..., Any] | None = None,
    routine: Callable[..., None] | None = None,
) -> Primitive:
    """A record that maps each element by itself.

    `partials[i]` is ∂result/∂operand i: a function of the result, the operands and the attributes, or a number 1, -1 or 0.
    `linear_in` are the sets of operands in each of which it is linear, the others held: it may be applied to linear values
    there, by its partials. `scalar` is its meaning in machine code. `attributes` takes the attributes and refuses bad ones;
    `samples` are some for the examples.
    """

    def infer(*operands: ArrayType, **given: Any) -> tuple[ArrayType, ...]:
        attributes(**given)
        check_arity(name, len(partials), operands)
        return (same_type(name, kinds, operands),)

    def meaning(*arrays: Any, **given: Any) -> tuple[Any, ...]:
        return (np.asarray(evaluate(*arrays, **given), arrays[0].dtype),)

    def jvp(operands: Any, results: Any, tangents: Any, given: Any) -> list[Any]:
        terms = [
            scale_by(partial, t, results[0], operands, given)
            for partial, t in zip(partials, tangents, strict=True)
            if t is not None and not (isinstance(partial, int) and partial == 0)
        ]
        return [sum_of(terms)]

    def linear_form(operands: Any, **given: Any) -> Any:
        terms = [
            scale_by(partial, x, None, operands, given)
            for partial, x in zip(partials, operands, strict=True)
            if x.var.linear
        ]
        return sum_of(terms)

    return Primitive(
        name,
        law,
        family,
        meaning,
        infer,
        lambda operands, results, given: flops * results[0].size,
        jvp=jvp,
        linear_in=tuple(map(frozenset, linear_in)),
        linear_form=linear_form if linear_in else None,
        elementwise=True,
        scalar=scalar,
        routine=routine,
        examples=examples_of(kinds, len(partials), low, high, samples),
    )


def not_linear(
    primitive: Primitive, linear: frozenset[int], origin: Origin | None
) -> LinearTypeError:
    """The error of a primitive applied to linear operands where it is not linear."""
    where = " and ".join(str(i + 1) for i in sorted(linear))
    groups = [" with ".join(str(i + 1) for i in sorted(g)) for g in primitive.linear_in]
    known = "it is nonlinear"
    if groups:
        known = f"it is linear in operand {', or in operand '.join(groups)}"
    if primitive.jointly:
        known = "it is linear in all its operands together"
    return LinearTypeError(
        f"`{primitive.name}` is applied to a linear value as operand {where}, but {known}",
        rule="used nonlinearly",
        origin=origin,
        mend="keep linear values to `+`, products with nonlinear values, and linear primitives",
    )


def scale_by(
    partial: Partial, tangent: Any, result: Any, operands: Sequence[Any], given: dict[str, Any]
) -> Any:
    """One term of the chain rule: the partial at this point times the tangent."""
    if isinstance(partial, int):
        return tangent if partial == 1 else -tangent
    return tangent.scaled(partial(result, *operands, **given))


def sum_of(terms: Sequence[Any]) -> Any:
    """The sum of linear expressions; no term at all is no tangent, None."""
    if not terms:
        return None
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def with_attributes(rule: Callable[..., Attributes]) -> Callable[..., tuple[Any, ...]]:
    """A batching rule that is the record itself at other attributes: `rule(number of examples, **attributes)` gives them."""

    def batch(
        record: Primitive, operands: Sequence[Any], attributes: Attributes
    ) -> tuple[Any, ...]:
        return record.results(*operands, **rule(operands[0].type.shape[0], **attributes))

    return batch


as_it_stands = with_attributes(lambda count, /, **given: given)
along_axes = with_attributes(lambda count, /, axes: {"axes": tuple(a + 1 for a in axes)})
along_axis = with_attributes(lambda count, /, axis, **others: {"axis": axis + 1, **others})


def touched(
    operands: Sequence[ArrayType], results: Sequence[ArrayType], attributes: Attributes
) -> int:
    """The elements touched: of the operands or of the results, whichever are more. Equal for a map and its transpose."""
    return max(sum(t.size for t in operands), sum(t.size for t in results))


def largest(
    operands: Sequence[ArrayType], results: Sequence[ArrayType], attributes: Attributes
) -> int:
    """The size of the largest array: one operation for each of its elements."""
    return max(t.size for t in (*operands, *results))


def differentiable(
    name: str,
    law: str,
    evaluate: Callable[..., Any],
    infer: Callable[..., tuple[ArrayType, ...]],
    jvp: Callable[..., Any] | None,
    *,
    family: str,
    examples: tuple[Example, ...],
    work: Callable[..., int] = largest,
    elementwise: bool = False,
    linear_in: Sequence[frozenset[int]] = (),
    linear_form: Callable[..., Any] | None = None,
    batch: Callable[..., Any] | None = None,
    admits: Callable[..., bool] | None = None,
    scalar: Callable[..., Any] | None = None,
    nest: Callable[..., Any] | None = None,
    routine: Callable[..., None] | None = None,
) -> Primitive:
    """A record with a rule for its tangents, which is emitted in terms of other records.

    `evaluate` gives one array or a tuple of them. `jvp(operands, results, tangents, attributes)` gives the list of the
    results' tangents, None for a zero. A record that is linear in `linear_in`, without a transpose of its own, says by
    `linear_form` what stands for it in linear code.
    """

    def meaning(*arrays: Any, **attributes: Any) -> tuple[Any, ...]:
        types = infer(*(ArrayType(a.dtype, a.shape) for a in arrays), **attributes)
        given = evaluate(*arrays, **attributes)
        results = given if isinstance(given, tuple) else (given,)
        return tuple(
            [np.asarray(r, t.dtype, order="C") for r, t in zip(results, types, strict=True)]
        )

    return Primitive(
        name,
        law,
        family,
        meaning,
        infer,
        work,
        jvp=jvp,
        linear_in=tuple(linear_in),
        linear_form=linear_form,
        batch=batch,
        elementwise=elementwise,
        admits=admits,
        examples=examples,
        scalar=scalar,
        nest=nest,
        routine=routine,
    )


def nondifferentiable(
    name: str,
    law: str,
    evaluate: Callable[..., Any],
    infer: Callable[..., tuple[ArrayType, ...]],
    *,
    family: str,
    examples: tuple[Example, ...],
    work: Callable[..., int] = largest,
    elementwise: bool = False,
    batch: Callable[..., Any] | None = None,
    scalar: Callable[..., Any] | None = None,
    nest: Callable[..., Any] | None = None,
    routine: Callable[..., None] | None = None,
) -> Primitive:
    """A record whose results have no tangent: comparisons, integers, and what is flat almost everywhere."""
    return differentiable(
        name,
        law,
        evaluate,
        infer,
        None,
        family=family,
        examples=examples,
        work=work,
        batch=batch,
        elementwise=elementwise,
        scalar=scalar,
        nest=nest,
        routine=routine,
    )


def multilinear(
    name: str,
    law: str,
    evaluate: Callable[..., Any],
    infer: Callable[..., tuple[ArrayType, ...]],
    transpose: Callable[..., Any],
    *,
    linear_in: Sequence[frozenset[int]] = (),
    jointly: bool = False,
    family: str,
    examples: tuple[Example, ...],
    work: Callable[..., int] = touched,
    jvp: Callable[..., Any] | None = None,
    borrows: bool = False,
    erased: Callable[..., Any] | None = None,
    elementwise: bool = False,
    batch: Callable[..., Any] | None = None,
    batch_some: Callable[..., Any] | None = None,
    admits: Callable[..., bool] | None = None,
    scalar: Callable[..., Any] | None = None,
    nest: Callable[..., Any] | None = None,
    routine: Callable[..., None] | None = None,
    prefers_routine: Callable[..., bool] | None = None,
) -> Primitive:
    """A record that is linear in each of the sets of operands `linear_in`, the others held, or `jointly` in all operands.

    `transpose(operands, cotangents, **attributes)` gives a list, the cotangents of the linear operands in their order; the
    linear entries of `operands` are types, the others expressions. `evaluate` gives one array or a tuple of them. The JVP is
    derived: a sum over the sets.
    """

    def meaning(*arrays: Any, **attributes: Any) -> tuple[Any, ...]:
        given = evaluate(*arrays, **attributes)
        return given if isinstance(given, tuple) else (np.asarray(given, order="C"),)

    def derived(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
        terms = [
            record.results(*_with_tangents(group, operands, tangents), **attributes)
            for group in record.linear_groups(len(operands))
            if any(tangents[i] is not None for i in group)
        ]
        return [sum_of(column) for column in zip(*terms, strict=True)]

    record = Primitive(
        name,
        law,
        family,
        meaning,
        infer,
        work,
        jvp=jvp or derived,
        linear_in=tuple(linear_in),
        jointly=jointly,
        transpose=transpose,
        borrows=borrows,
        erased=erased,
        batch=batch,
        batch_some=batch_some,
        elementwise=elementwise,
        admits=admits,
        examples=examples,
        scalar=scalar,
        nest=nest,
        routine=routine,
        prefers_routine=prefers_routine,
    )
    return record


def _with_tangents(group: frozenset[int], operands: Any, tangents: Any) -> list[Any]:
    """The operands, those of the group replaced by their tangents, a zero where there is none."""
    anchor = next(t for i in group if (t := tangents[i]) is not None)
    return [
        x if i not in group else anchor.zero(x.type) if tangents[i] is None else tangents[i]
        for i, x in enumerate(operands)
    ]
