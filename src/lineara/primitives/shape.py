"""Shape: broadcast and its transpose, the sum; moving, joining and padding.

Each record and its transpose cost the elements that they touch, `reshape` too: what is used once more costs a `dup` in
linear code, and the use has to pay for it.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from lineara.errors import DtypeError, ShapeError
from lineara.ir import DTYPE_NAMES, ArrayType, Example, Primitive
from lineara.primitives import nests
from lineara.primitives.forms import (
    ANY,
    NUMBER,
    along_axes,
    along_axis,
    check_arity,
    check_kind,
    multilinear,
    nondifferentiable,
    with_attributes,
)

LINEAR = (frozenset((0,)),)
Ints = tuple[int, ...]


def _broadcast(x: Any, *, shape: Ints, axes: Ints) -> Any:
    spread = [x.shape[axes.index(i)] if i in axes else 1 for i in range(len(shape))]
    return np.broadcast_to(x.reshape(spread), shape)


def _infer_broadcast(x: ArrayType, *, shape: Ints, axes: Ints) -> tuple[ArrayType, ...]:
    check_kind("broadcast", ANY, x)
    fits = len(axes) == len(x.shape) and all(
        0 <= a < len(shape) and n == shape[a] for a, n in zip(axes, x.shape, strict=True)
    )
    if not fits or list(axes) != sorted(set(axes)):
        raise ShapeError(
            f"`broadcast` of {x!r} to shape {shape} cannot place its axes at {axes}",
            mend="`axes` says for each axis of the operand, in ascending order, which axis of `shape` it is",
        )
    return (ArrayType(x.dtype, shape),)


def _complement(rank: int, axes: Ints) -> Ints:
    return tuple(i for i in range(rank) if i not in axes)


broadcast: Primitive = multilinear(
    "broadcast",
    "repeat along new axes: result axis axes[i] is operand axis i",
    _broadcast,
    _infer_broadcast,
    lambda operands, cotangents, *, shape, axes: [
        reduce_sum(cotangents[0], axes=_complement(len(shape), axes))
    ],
    linear_in=LINEAR,
    batch=with_attributes(
        lambda size, shape, axes: {"shape": (size, *shape), "axes": (0, *(a + 1 for a in axes))}
    ),
    family="shape",
    examples=(
        Example((ArrayType("f64", (3,)),), (("axes", (1,)), ("shape", (2, 3)))),
        Example((ArrayType("f64"),), (("axes", ()), ("shape", (2, 0)))),
        Example((ArrayType("c64", (2, 3)),), (("axes", (0, 2)), ("shape", (2, 4, 3)))),
        Example((ArrayType("bool", (2,)),), (("axes", (0,)), ("shape", (2,)))),
    ),
    nest=nests.broadcast,
)


def _infer_sum(x: ArrayType, *, axes: Ints) -> tuple[ArrayType, ...]:
    check_kind("sum", NUMBER, x)
    check_axes("sum", x, axes)
    return (ArrayType(x.dtype, tuple(n for i, n in enumerate(x.shape) if i not in axes)),)


def check_axes(name: str, x: ArrayType, axes: Ints) -> None:
    """Refuse axes that are out of range, repeated or not in ascending order."""
    if any(not 0 <= a < len(x.shape) for a in axes) or list(axes) != sorted(set(axes)):
        raise ShapeError(
            f"`{name}` of {x!r} has no axes {axes}",
            mend="give distinct axes of the operand, ascending",
        )


def _transpose_sum(operands: Any, cotangents: Any, *, axes: Ints) -> list[Any]:
    shape = operands[0].shape
    return [broadcast(cotangents[0], shape=shape, axes=_complement(len(shape), axes))]


reduce_sum: Primitive = multilinear(
    "sum",
    "the sum over axes",
    lambda x, *, axes: np.sum(x, axis=axes, dtype=x.dtype),
    _infer_sum,
    _transpose_sum,
    linear_in=LINEAR,
    batch=along_axes,
    family="shape",
    examples=(
        Example((ArrayType("f64", (2, 3)),), (("axes", (1,)),)),
        Example((ArrayType("f32", (2, 3)),), (("axes", (0, 1)),)),
        Example((ArrayType("c128", (2, 0)),), (("axes", (1,)),)),
        Example((ArrayType("i64", (2, 3)),), (("axes", ()),)),
    ),
    nest=nests.reduction(nests.SUM),
)


def _infer_reshape(x: ArrayType, *, shape: Ints) -> tuple[ArrayType, ...]:
    check_kind("reshape", ANY, x)
    if prod(shape) != x.size or any(n < 0 for n in shape):
        raise ShapeError(
            f"`reshape` of {x!r} to shape {shape}: {x.size} elements are not {prod(shape)}",
            mend="give a shape with as many elements",
        )
    return (ArrayType(x.dtype, shape),)


reshape: Primitive = multilinear(
    "reshape",
    "the same elements, in row-major order, under another shape",
    lambda x, *, shape: x.reshape(shape),
    _infer_reshape,
    lambda operands, cotangents, *, shape: [reshape(cotangents[0], shape=operands[0].shape)],
    linear_in=LINEAR,
    batch=with_attributes(lambda size, shape: {"shape": (size, *shape)}),
    family="shape",
    examples=(
        Example((ArrayType("f64", (2, 3)),), (("shape", (3, 1, 2)),)),
        Example((ArrayType("c64"),), (("shape", (1,)),)),
        Example((ArrayType("f32", (0, 2)),), (("shape", (0,)),)),
        Example((ArrayType("u8", (4,)),), (("shape", (2, 2)),)),
    ),
    nest=nests.reshape,
)


def _infer_transpose(x: ArrayType, *, permutation: Ints) -> tuple[ArrayType, ...]:
    check_kind("transpose", ANY, x)
    if sorted(permutation) != list(range(len(x.shape))):
        raise ShapeError(
            f"`transpose` of {x!r}: {permutation} is no permutation of its axes",
            mend="name every axis of the operand once",
        )
    return (ArrayType(x.dtype, tuple(x.shape[i] for i in permutation)),)


transpose: Primitive = multilinear(
    "transpose",
    "result axis i is operand axis permutation[i]",
    lambda x, *, permutation: np.transpose(x, permutation),
    _infer_transpose,
    lambda operands, cotangents, *, permutation: [
        transpose(cotangents[0], permutation=tuple(map(int, np.argsort(permutation))))
    ],
    linear_in=LINEAR,
    batch=with_attributes(
        lambda size, permutation: {"permutation": (0, *(a + 1 for a in permutation))}
    ),
    family="shape",
    examples=(
        Example((ArrayType("f64", (2, 3, 4)),), (("permutation", (2, 0, 1)),)),
        Example((ArrayType("c128", (2, 1)),), (("permutation", (1, 0)),)),
        Example((ArrayType("f32", (0, 2)),), (("permutation", (1, 0)),)),
        Example((ArrayType("i64"),), (("permutation", ()),)),
    ),
    nest=nests.transpose,
)


def _infer_reverse(x: ArrayType, *, axes: Ints) -> tuple[ArrayType, ...]:
    check_kind("reverse", ANY, x)
    check_axes("reverse", x, axes)
    return (x,)


reverse: Primitive = multilinear(
    "reverse",
    "the elements in the opposite order along axes",
    lambda x, *, axes: np.flip(x, axes),
    _infer_reverse,
    lambda operands, cotangents, *, axes: [reverse(cotangents[0], axes=axes)],
    linear_in=LINEAR,
    batch=along_axes,
    family="shape",
    examples=(
        Example((ArrayType("f64", (2, 3)),), (("axes", (0, 1)),)),
        Example((ArrayType("c64", (3, 2)),), (("axes", (0,)),)),
        Example((ArrayType("bool", (0,)),), (("axes", (0,)),)),
        Example((ArrayType("f32"),), (("axes", ()),)),
    ),
    nest=nests.reverse,
)


def check_axis(name: str, x: ArrayType, axis: int) -> None:
    """Refuse an axis that is out of range."""
    if not 0 <= axis < len(x.shape):
        raise ShapeError(f"`{name}` of {x!r} has no axis {axis}", mend="count the axes from 0")


def with_dim(shape: Ints, axis: int, n: int) -> Ints:
    """The shape with another size along one axis."""
    return (*shape[:axis], n, *shape[axis + 1 :])


def _infer_concatenate(*parts: ArrayType, axis: int) -> tuple[ArrayType, ...]:
    if not parts:
        raise ShapeError("`concatenate` takes at least one operand", mend="give it something")
    first = parts[0]
    for x in parts:
        check_kind("concatenate", ANY, x)
        check_axis("concatenate", x, axis)
        if with_dim(x.shape, axis, 0) != with_dim(first.shape, axis, 0):
            raise ShapeError(
                f"`concatenate` along axis {axis} of {first!r} and {x!r}: the other axes differ",
                mend="broadcast or reshape the operands first",
            )
        if x.dtype != first.dtype:
            raise DtypeError(
                f"`concatenate` takes operands of one dtype, not {first!r} and {x!r}",
                mend="convert one of them first",
            )
    total = sum(x.shape[axis] for x in parts)
    return (ArrayType(first.dtype, with_dim(first.shape, axis, total)),)


concatenate: Primitive = multilinear(
    "concatenate",
    "the operands one after another along an axis",
    lambda *parts, axis: np.concatenate(parts, axis),
    _infer_concatenate,
    lambda operands, cotangents, *, axis: split.results(
        cotangents[0], axis=axis, sizes=tuple(x.shape[axis] for x in operands)
    ),
    jointly=True,
    batch=along_axis,
    family="shape",
    examples=(
        Example((ArrayType("f64", (2, 3)), ArrayType("f64", (1, 3))), (("axis", 0),)),
        Example((ArrayType("c64", (2, 0)), ArrayType("c64", (2, 2))), (("axis", 1),)),
        Example((ArrayType("f32", (2,)),) * 3, (("axis", 0),)),
        Example((ArrayType("i8", (1, 1)),), (("axis", 1),)),
    ),
    nest=nests.concatenate,
)


def _split(x: Any, *, axis: int, sizes: Ints) -> tuple[Any, ...]:
    parts = np.split(x, np.cumsum(sizes)[:-1], axis)
    return tuple(np.asarray(part, order="C") for part in parts)


def _infer_split(x: ArrayType, *, axis: int, sizes: Ints) -> tuple[ArrayType, ...]:
    check_kind("split", ANY, x)
    check_axis("split", x, axis)
    if not sizes or any(n < 0 for n in sizes) or sum(sizes) != x.shape[axis]:
        raise ShapeError(
            f"`split` of {x!r} along axis {axis} cannot have sizes {sizes}",
            mend=f"give sizes that add up to {x.shape[axis]}",
        )
    return tuple(ArrayType(x.dtype, with_dim(x.shape, axis, n)) for n in sizes)


split: Primitive = multilinear(
    "split",
    "consecutive parts along an axis; undoes concatenate",
    _split,
    _infer_split,
    lambda operands, cotangents, *, axis, sizes: [concatenate(*cotangents, axis=axis)],
    linear_in=LINEAR,
    batch=along_axis,
    family="shape",
    examples=(
        Example((ArrayType("f64", (2, 3)),), (("axis", 1), ("sizes", (1, 2)))),
        Example((ArrayType("c64", (2, 2)),), (("axis", 0), ("sizes", (0, 1, 1)))),
        Example((ArrayType("f32", (2,)),), (("axis", 0), ("sizes", (2,)))),
    ),
    nest=nests.split,
)


def _cropped(name: str, x: ArrayType, low: Ints, high: Ints, sign: int) -> tuple[ArrayType, ...]:
    check_kind(name, ANY, x)
    rank = len(x.shape)
    fits = len(low) == len(high) == rank and all(n >= 0 for n in (*low, *high))
    shape = tuple(
        n + sign * (a + b) for n, a, b in zip(x.shape, low[:rank], high[:rank], strict=False)
    )
    if not fits or any(n < 0 for n in shape):
        raise ShapeError(
            f"`{name}` of {x!r} cannot have low={low} and high={high}",
            mend="give a number of elements, not negative, for each axis and side",
        )
    return (ArrayType(x.dtype, shape),)


def _pad(x: Any, *, low: Ints, high: Ints) -> Any:
    margins = zip(x.shape, low, high, strict=True)
    padded = np.zeros([n + a + b for n, a, b in margins], x.dtype)
    padded[tuple(slice(a, a + n) for a, n in zip(low, x.shape, strict=True))] = x
    return padded


def _crop(x: Any, *, low: Ints, high: Ints) -> Any:
    return x[tuple(slice(a, n - b) for a, b, n in zip(low, high, x.shape, strict=True))]


_MARGINS = (
    Example((ArrayType("f64", (3, 4)),), (("high", (0, 2)), ("low", (1, 0)))),
    Example((ArrayType("c64", (2, 1)),), (("high", (1, 0)), ("low", (1, 1)))),
    Example((ArrayType("f32"),), (("high", ()), ("low", ()))),
    Example((ArrayType("i64", (2,)),), (("high", (1,)), ("low", (0,)))),
)

pad: Primitive = multilinear(
    "pad",
    "zeros around: low[i] before and high[i] after along axis i",
    _pad,
    lambda x, *, low, high: _cropped("pad", x, low, high, 1),
    lambda operands, cotangents, *, low, high: [crop(cotangents[0], low=low, high=high)],
    linear_in=LINEAR,
    batch=with_attributes(lambda size, low, high: {"low": (0, *low), "high": (0, *high)}),
    family="shape",
    examples=_MARGINS,
    nest=nests.pad,
)

crop: Primitive = multilinear(
    "crop",
    "without low[i] elements at the start and high[i] at the end of axis i; undoes pad",
    _crop,
    lambda x, *, low, high: _cropped("crop", x, low, high, -1),
    lambda operands, cotangents, *, low, high: [pad(cotangents[0], low=low, high=high)],
    linear_in=LINEAR,
    batch=with_attributes(lambda size, low, high: {"low": (0, *low), "high": (0, *high)}),
    family="shape",
    examples=_MARGINS,
    nest=nests.crop,
)


def _infer_iota(*operands: ArrayType, dtype: str, size: int) -> tuple[ArrayType, ...]:
    check_arity("iota", 0, operands)
    if dtype not in DTYPE_NAMES or DTYPE_NAMES[dtype].kind not in NUMBER:
        raise DtypeError(
            f"`iota` of no numeric dtype {dtype!r}", mend="name one, such as 'i64' or 'f64'"
        )
    if size < 0:
        raise ShapeError(f"`iota` of size {size}", mend="give a size that is not negative")
    return (ArrayType(dtype, (size,)),)


iota = nondifferentiable(
    "iota",
    "0, 1, 2, … of a dtype",
    lambda *, dtype, size: np.arange(size).astype(DTYPE_NAMES[dtype]),
    _infer_iota,
    family="shape",
    examples=tuple(
        Example((), (("dtype", dtype), ("size", n)))
        for dtype, n in (("i64", 3), ("f64", 2), ("f32", 0), ("u8", 1), ("c64", 2))
    ),
    nest=nests.iota,
)
