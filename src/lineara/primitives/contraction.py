"""Contraction of two arrays: products of matrices, inner and outer products, batches of them.

Axes have labels, small integers. A label of both operands and of the result is a batch, a label of the operands alone
is summed over, a label of one operand and the result is free. Every label stands in at least two of the three, so that
the transpose is a contraction again, with the roles of result and operand exchanged, and of the same cost.
"""

from __future__ import annotations

from math import prod
from typing import Any

from lineara.errors import DtypeError, ShapeError
from lineara.ir import ArrayType, Example, Primitive
from lineara.ir.primitive import Attributes
from lineara.primitives import nests
from lineara.primitives.forms import (
    NUMBER,
    check_kind,
    multilinear,
)

Labels = tuple[int, ...]
Spec = tuple[Labels, Labels, Labels]


def _batch_some(record: Primitive, operands: Any, batched: Any, attributes: Attributes) -> Any:
    """The contraction of each example: a label of their own that stands first in the result and in what is batched.

    So the product of one matrix with many vectors is a product of two matrices.
    """
    *given, of_result = attributes["spec"]
    label = max((a for labels in attributes["spec"] for a in labels), default=-1) + 1
    of_x, of_y = [(label, *a) if some else a for a, some in zip(given, batched, strict=True)]
    return record.results(*operands, spec=(of_x, of_y, (label, *of_result)))


def _contract(x: Any, y: Any, *, spec: Spec) -> Any:
    """As a batch of products of matrices: (batch, free of x, summed) @ (batch, summed, free of y)."""
    of_x, of_y, of_result = spec
    size = dict(zip((*of_x, *of_y), (*x.shape, *y.shape), strict=True))
    batch = tuple(a for a in of_result if a in of_x and a in of_y)
    summed = tuple(a for a in of_x if a not in of_result)
    free_x = tuple(a for a in of_result if a not in of_y)
    free_y = tuple(a for a in of_result if a not in of_x)

    def matrices(array: Any, labels: Labels, rows: Labels, columns: Labels) -> Any:
        order = [labels.index(a) for a in (*batch, *rows, *columns)]
        shape = [prod(size[a] for a in group) for group in (batch, rows, columns)]
        return array.transpose(order).reshape(shape)

    product = matrices(x, of_x, free_x, summed) @ matrices(y, of_y, summed, free_y)
    made = batch + free_x + free_y
    return product.reshape([size[a] for a in made]).transpose([made.index(a) for a in of_result])


def _infer_contract(x: ArrayType, y: ArrayType, *, spec: Spec) -> tuple[ArrayType, ...]:
    check_kind("contract", NUMBER, x)
    check_kind("contract", NUMBER, y)
    if x.dtype != y.dtype:
        raise DtypeError(
            f"`contract` takes operands of one dtype, not {x!r} and {y!r}",
            mend="convert one of them first",
        )
    _check_labels(x, y, *spec)
    size: dict[int, int] = {}
    for label, n in zip((*spec[0], *spec[1]), (*x.shape, *y.shape), strict=True):
        if size.setdefault(label, n) != n:
            raise ShapeError(
                f"`contract` of {x!r} and {y!r}: axes labelled {label} have sizes {size[label]} and {n}",
                mend="label axes of one size alike",
            )
    return (ArrayType(x.dtype, tuple(size[label] for label in spec[2])),)


def _check_labels(
    x: ArrayType, y: ArrayType, of_x: Labels, of_y: Labels, of_result: Labels
) -> None:
    spec = (of_x, of_y, of_result)
    distinct = all(len(set(labels)) == len(labels) for labels in spec)
    if not distinct or (len(of_x), len(of_y)) != (len(x.shape), len(y.shape)):
        raise ShapeError(
            f"`contract` of {x!r} and {y!r} does not fit the labels {spec}",
            mend="give three tuples: a different label for each axis of x, of y and of the result",
        )
    for label in {label for labels in spec for label in labels}:
        if sum(label in labels for labels in spec) < 2:
            raise ShapeError(
                f"`contract`: the label {label} of {spec} stands in one place only",
                mend="sum the operand over that axis first, or broadcast the result after",
            )


def _work(
    operands: tuple[ArrayType, ...], results: tuple[ArrayType, ...], attributes: Attributes
) -> int:
    """One operation for each combination of labels, and at least one for each element."""
    x, y = operands
    size = dict(
        zip((*attributes["spec"][0], *attributes["spec"][1]), (*x.shape, *y.shape), strict=True)
    )
    return max(prod(size.values()), x.size, y.size, results[0].size)


def _transpose(operands: Any, cotangents: Any, *, spec: Spec) -> list[Any]:
    of_x, of_y, of_result = spec
    x, y = operands
    if isinstance(x, ArrayType):
        return [contract(cotangents[0], y, spec=(of_result, of_y, of_x))]
    return [contract(x, cotangents[0], spec=(of_x, of_result, of_y))]


BLOCK, NARROW, FEW, MANY = 16, 4, 8, 1 << 15
"""A product of matrices runs as a whole from so many rows, columns and terms on, one of which may be fewer, and so many
products of numbers; one of few terms is rather made where it is read."""


def _is_large(
    operands: tuple[ArrayType, ...], results: tuple[ArrayType, ...], attributes: Attributes
) -> bool:
    """Whether it is a product of matrices that are large in all directions, and inexact."""
    of_x, of_y, _ = attributes["spec"]
    size = dict(zip((*of_x, *of_y), (*operands[0].shape, *operands[1].shape), strict=True))
    rows, terms, columns = [
        prod(size[a] for a in group) for group in _groups(attributes["spec"])[1:]
    ]
    least, middle, most = sorted([rows, terms, columns])
    is_wide = least >= NARROW and middle >= BLOCK and terms >= FEW
    return results[0].is_inexact and is_wide and least * middle * most >= MANY


def _groups(spec: Spec) -> tuple[Labels, Labels, Labels, Labels]:
    """The labels of the batch, of the rows, of the terms and of the columns."""
    of_x, of_y, of_result = spec
    return (
        tuple(a for a in of_result if a in of_x and a in of_y),
        tuple(a for a in of_result if a not in of_y),
        tuple(a for a in of_x if a not in of_result),
        tuple(a for a in of_result if a not in of_x),
    )


def _product(m: Any, operands: Any, results: Any, *, spec: Spec) -> None:
    """Products of matrices, each group of labels as one axis."""
    batch, rows, terms, columns = _groups(spec)
    needed = ((batch, rows, terms), (batch, terms, columns), (batch, rows, columns))
    x, y, z = [
        (m.view(block), [[labels.index(a) for a in group] for group in groups])
        for block, labels, groups in zip((*operands, *results), spec, needed, strict=True)
    ]
    m.product_of_groups(x, y, z)


def _example(dtype: str, x: tuple[int, ...], y: tuple[int, ...], spec: Spec) -> Example:
    return Example((ArrayType(dtype, x), ArrayType(dtype, y)), (("spec", spec),))


contract: Primitive = multilinear(
    "contract",
    "Σ x·y over the labels that the result lacks; spec labels the axes of x, y and the result",
    _contract,
    _infer_contract,
    _transpose,
    linear_in=(frozenset((0,)), frozenset((1,))),
    batch_some=_batch_some,
    routine=_product,
    prefers_routine=_is_large,
    family="contraction",
    work=_work,
    examples=(
        _example("f64", (2, 3), (3, 4), ((0, 1), (1, 2), (0, 2))),
        _example("f32", (3,), (3,), ((0,), (0,), ())),
        _example("c128", (2, 3), (3,), ((1, 0), (0,), (1,))),
        _example("c64", (2,), (3,), ((0,), (1,), (1, 0))),
        _example("f64", (2, 3, 2), (4, 3, 2), ((0, 1, 2), (3, 1, 2), (3, 1, 0))),
        _example("f64", (2, 0), (0, 1), ((0, 1), (1, 2), (0, 2))),
        _example("f64", (), (2,), ((), (0,), (0,))),
        _example("i64", (2, 2), (2, 2), ((0, 1), (1, 0), ())),
        _example("u8", (1, 2), (1, 2), ((0, 1), (0, 1), (0, 1))),
    ),
    nest=nests.contract,
)
