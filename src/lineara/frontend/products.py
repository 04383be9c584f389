"""Products of vectors, matrices and tensors, as contractions of two operands at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from lineara.errors import ShapeError
from lineara.frontend.axes import axes_in_order
from lineara.frontend.promotion import (
    Array,
    astype,
    loop_dtypes,
    result_type,
    shape_of,
    strong,
)
from lineara.frontend.trace import apply, user_origin
from lineara.frontend.ufuncs import refuse
from lineara.primitives import contraction

Labels = tuple[int, ...]


def contract(x: Array, of_x: Labels, y: Array, of_y: Labels, of_result: Labels) -> Array:
    """Σ x·y over the labels that the result lacks; axes of size 1 broadcast where the other's are larger."""
    if np.result_type(x).kind == "b":
        x, y = astype(x, np.int64), astype(y, np.int64)
        return contract(x, of_x, y, of_y, of_result) > 0
    sizes: dict[int, int] = {}
    for labels, operand in ((of_x, x), (of_y, y)):
        for label, n in zip(labels, shape_of(operand), strict=True):
            if sizes.setdefault(label, n) not in (n, 1) and n != 1:
                raise _mismatch(x, y)
            sizes[label] = max(sizes[label], n) if n else 0
    x, of_x = _spread_only(x, of_x, of_y, of_result, sizes)
    y, of_y = _spread_only(y, of_y, of_x, of_result, sizes)
    x, of_x = _spread_only(x, of_x, of_y, of_result, sizes)
    return apply(contraction.contract, x, y, spec=(of_x, of_y, of_result))


def _mismatch(x: Array, y: Array) -> ShapeError:
    return ShapeError(
        f"a product of arrays of shapes {shape_of(x)} and {shape_of(y)}: the axes do not match",
        origin=user_origin(),
        mend="the axes that are summed over must have one size; is a transpose missing?",
    )


def _spread_only(
    x: Array, labels: Labels, others: Labels, of_result: Labels, sizes: dict[int, int]
) -> tuple[Array, Labels]:
    """An operand without the axes that it alone has and that are summed, and without those that broadcast."""
    gone = tuple(
        i
        for i, (a, n) in enumerate(zip(labels, shape_of(x), strict=True))
        if (a not in others and a not in of_result) or (n == 1 and sizes[a] != 1 and a in others)
    )
    if not gone:
        return x, labels
    return np.sum(x, axis=gone, dtype=np.result_type(x)), tuple(
        a for i, a in enumerate(labels) if i not in gone
    )


def matmul(x: Any, y: Any, out: Any = None, *, dtype: Any = None, **options: Any) -> Array:
    """`np.matmul`, and the operator `@`."""
    refuse("matmul", out=out, axes=options.get("axes"), axis=options.get("axis"))
    x, y = strong(x), strong(y)
    if not np.ndim(x) or not np.ndim(y):
        raise ShapeError(
            "np.matmul of a scalar", origin=user_origin(), mend="use `*` for products with scalars"
        )
    loop = loop_dtypes(np.matmul, x, y, dtype=dtype)
    x, y = astype(x, loop[0]), astype(y, loop[1])
    batch = max(np.ndim(x), np.ndim(y)) - 2
    of_x = (
        (*range(batch - np.ndim(x) + 2, batch), batch, batch + 1)
        if np.ndim(x) > 1
        else (batch + 1,)
    )
    of_y = (
        (*range(batch - np.ndim(y) + 2, batch), batch + 1, batch + 2)
        if np.ndim(y) > 1
        else (batch + 1,)
    )
    rows = (batch,) if np.ndim(x) > 1 else ()
    columns = (batch + 2,) if np.ndim(y) > 1 else ()
    _same_inner(x, y, shape_of(x)[-1], shape_of(y)[-2 if np.ndim(y) > 1 else -1])
    return contract(x, of_x, y, of_y, (*range(max(batch, 0)), *rows, *columns))


def _same_inner(x: Array, y: Array, m: int, n: int) -> None:
    if m != n:
        raise _mismatch(x, y)


def dot(a: Any, b: Any, out: Any = None) -> Array:
    """`np.dot`."""
    refuse("dot", out=out)
    a, b = strong(a), strong(b)
    if not np.ndim(a) or not np.ndim(b):
        return np.multiply(a, b)
    return tensordot(a, b, ((-1,), (max(-2, -np.ndim(b)),)))


def inner(a: Any, b: Any, /) -> Array:
    """`np.inner`."""
    a, b = strong(a), strong(b)
    if not np.ndim(a) or not np.ndim(b):
        return np.multiply(a, b)
    return tensordot(a, b, ((-1,), (-1,)))


def outer(a: Any, b: Any, out: Any = None) -> Array:
    """`np.outer`."""
    refuse("outer", out=out)
    return np.multiply(np.ravel(strong(a))[:, None], np.ravel(strong(b)))


def vdot(a: Any, b: Any, /) -> Array:
    """`np.vdot`: the first operand is conjugated."""
    return dot(np.conjugate(np.ravel(strong(a))), np.ravel(strong(b)))


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1, **options: Any) -> Array:
    """`np.vecdot`: the first operand is conjugated."""
    x, y = (np.moveaxis(strong(x), axis, -1) for x in (x1, x2))
    _same_inner(x, y, shape_of(x)[-1], shape_of(y)[-1])
    return matmul(np.conjugate(x)[..., None, :], y[..., :, None])[..., 0, 0]


def matvec(x1: Any, x2: Any, /, **options: Any) -> Array:
    """`np.matvec`."""
    return matmul(x1, strong(x2)[..., None])[..., 0]


def vecmat(x1: Any, x2: Any, /, **options: Any) -> Array:
    """`np.vecmat`: the vector is conjugated."""
    return matmul(np.conjugate(strong(x1))[..., None, :], x2)[..., 0, :]


def tensordot(a: Any, b: Any, axes: Any = 2) -> Array:
    """`np.tensordot`."""
    a, b = strong(a), strong(b)
    rank_a, rank_b = np.ndim(a), np.ndim(b)
    if isinstance(axes, int):
        axes = (tuple(range(rank_a - axes, rank_a)), tuple(range(axes)))
    along_a, along_b = axes_in_order(rank_a, axes[0]), axes_in_order(rank_b, axes[1])
    sizes = ([shape_of(x)[i] for i in along] for x, along in ((a, along_a), (b, along_b)))
    if len(along_a) != len(along_b) or any(m != n for m, n in zip(*sizes, strict=True)):
        raise _mismatch(a, b)
    dtype = result_type(a, b)
    a, b = astype(a, dtype), astype(b, dtype)
    labels_b = [rank_a + i for i in range(rank_b)]
    for i, j in zip(along_a, along_b, strict=True):
        labels_b[j] = i
    free_a = [i for i in range(rank_a) if i not in along_a]
    free_b = [label for label in labels_b if label >= rank_a]
    return contract(a, tuple(range(rank_a)), b, tuple(labels_b), (*free_a, *free_b))


def kron(a: Any, b: Any) -> Array:
    """`np.kron`."""
    a, b = strong(a), strong(b)
    rank = max(np.ndim(a), np.ndim(b))
    a, b = (np.reshape(x, (1,) * (rank - np.ndim(x)) + shape_of(x)) for x in (a, b))
    wide_a = tuple(k for n in a.shape for k in (n, 1))
    wide_b = tuple(k for n in b.shape for k in (1, n))
    shape = tuple(m * n for m, n in zip(a.shape, b.shape, strict=True))
    return np.reshape(np.multiply(np.reshape(a, wide_a), np.reshape(b, wide_b)), shape)


def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Array:
    """`np.cross`, of vectors of three elements."""
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = np.moveaxis(strong(a), axisa, -1), np.moveaxis(strong(b), axisb, -1)
    if x.shape[-1] != 3 or y.shape[-1] != 3:
        raise ShapeError(
            f"np.cross of vectors of {x.shape[-1]} and {y.shape[-1]} elements",
            origin=user_origin(),
            mend="give vectors of three elements",
        )
    product = x * np.roll(y, -1, -1) - np.roll(x, -1, -1) * y
    return np.moveaxis(np.roll(product, -1, -1), -1, axisc)


def einsum(
    *operands: Any, out: Any = None, optimize: Any = False, dtype: Any = None, **options: Any
) -> Array:
    """`np.einsum`, two operands at a time: in their order, or in the order that `optimize` finds."""
    refuse("einsum", out=out)
    terms, result, arrays = _parsed(operands)
    target = result_type(*arrays) if dtype is None else np.dtype(dtype)
    pairs = [_without_repeats(astype(x, target), t) for x, t in zip(arrays, terms, strict=True)]
    for step in _order(terms, result, arrays, optimize):
        first, *others = [pairs.pop(i) for i in sorted(step, reverse=True)][::-1]
        while others:
            second = others.pop(0)
            rest = [*pairs, *others]
            needed = {a for _, labels in rest for a in labels} | set(result)
            first = _combined(first, second, needed, None if rest else result)
        pairs.append(first)
    ((x, labels),) = pairs
    return _finished(x, labels, result)


def _order(
    terms: Sequence[Labels], result: Labels, arrays: Sequence[Array], optimize: Any
) -> list[Any]:
    """Which operands are contracted, step by step; what comes out goes to the end."""
    count = len(arrays)
    if optimize is False or count < 3:
        return [(0, 1)] + [(0, count - i) for i in range(2, count)] if count > 1 else []
    stand_ins = [np.broadcast_to(np.zeros(()), shape_of(x)) for x in arrays]
    number = {a: i for i, a in enumerate(dict.fromkeys(a for t in terms for a in t))}
    given: list[Any] = [
        part for x, t in zip(stand_ins, terms, strict=True) for part in (x, [number[a] for a in t])
    ]
    path = np.einsum_path(*given, [number[a] for a in result], optimize=optimize)[0][1:]
    return list(path)


def _combined(x: Any, y: Any, needed: set[int], result: Labels | None) -> Any:
    """Two operands, with their labels, as one that has the labels that are needed still."""
    (left, of_x), (right, of_y) = x, y
    kept = tuple(dict.fromkeys(a for a in (*of_x, *of_y) if a in needed))
    kept = result if result is not None and set(result) == set(kept) else kept
    return contract(left, of_x, right, of_y, kept), kept


def _finished(x: Array, labels: Labels, result: Labels) -> Array:
    """Sum what the result lacks, and put its axes in order."""
    extra = tuple(i for i, a in enumerate(labels) if a not in result)
    if extra:
        x = np.sum(x, axis=extra, dtype=x.dtype)
        labels = tuple(a for a in labels if a in result)
    return np.transpose(x, tuple(labels.index(a) for a in result))


def _without_repeats(x: Array, labels: Labels) -> tuple[Array, Labels]:
    """An operand whose repeated labels are taken along the diagonal."""
    for label, times in Counter(labels).items():
        for _ in range(times - 1):
            i = labels.index(label)
            j = labels.index(label, i + 1)
            x = np.diagonal(x, 0, i, j)
            labels = (*(a for k, a in enumerate(labels) if k not in (i, j)), label)
    return x, labels


def _parsed(operands: Sequence[Any]) -> tuple[list[Labels], Labels, list[Array]]:
    """The labels of the operands and of the result, and the operands."""
    if isinstance(operands[0], str):
        arrays = [strong(x) for x in operands[1:]]
        left, arrow, right = operands[0].replace(" ", "").partition("->")
        terms = [_symbols(t) for t in left.split(",")]
        wanted = _symbols(right) if arrow else None
    else:
        count = len(operands) // 2
        arrays = [strong(x) for x in operands[: 2 * count : 2]]
        terms = [list(t) for t in operands[1 : 2 * count : 2]]
        wanted = list(operands[-1]) if len(operands) % 2 else None
    if len(terms) != len(arrays):
        raise ShapeError(
            f"np.einsum({operands[0]!r}) names {len(terms)} operands, but {len(arrays)} are given",
            origin=user_origin(),
            mend="separate the labels of the operands by commas",
        )
    if wanted is not None and not _is_result(wanted, terms):
        raise ShapeError(
            "np.einsum: a label of the result stands there twice, or in no operand",
            origin=user_origin(),
            mend="name in the result labels of the operands, each once",
        )
    return _numbered(terms, wanted, arrays)


def _is_result(wanted: Sequence[Any], terms: Sequence[Sequence[Any]]) -> bool:
    given = {label for term in terms for label in term}
    return len(set(wanted)) == len(wanted) and given.issuperset(set(wanted) - {Ellipsis, "\u2026"})


def _symbols(term: str) -> list[Any]:
    return list(term.replace("...", "\u2026"))


def _numbered(
    terms: Sequence[list[Any]], wanted: list[Any] | None, arrays: Sequence[Array]
) -> tuple[list[Labels], Labels, list[Array]]:
    """Labels as integers; an ellipsis stands for labels of its own, below zero, aligned at the last."""
    dots = ("\u2026", Ellipsis)
    implicit = 0
    for term, x in zip(terms, arrays, strict=True):
        hidden = np.ndim(x) - sum(s not in dots for s in term)
        if hidden < 0 or (hidden and not any(s in dots for s in term)):
            raise ShapeError(
                f"np.einsum: {len(term)} labels for an operand of {np.ndim(x)} axes",
                origin=user_origin(),
                mend="give a label to every axis, or an ellipsis for the others",
            )
        implicit = max(implicit, hidden)
    spread = list(range(-implicit, 0))
    found = []
    for term, x in zip(terms, arrays, strict=True):
        hidden = np.ndim(x) - sum(s not in dots for s in term)
        tail = spread[len(spread) - hidden :]
        found.append([k for s in term for k in (tail if s in dots else [_number(s)])])
    if wanted is None:
        counts = Counter(k for t in found for k in t if k >= 0)
        result = [*spread, *sorted(k for k, n in counts.items() if n == 1)]
    else:
        result = [k for s in wanted for k in (spread if s in dots else [_number(s)])]
    return [tuple(t) for t in found], tuple(result), list(arrays)


def _number(symbol: Any) -> int:
    return ord(symbol) if isinstance(symbol, str) else int(symbol)
