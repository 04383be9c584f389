"""Dtypes and complex numbers; marks on values.

Tangents of complex values pair as Re(Σ w·v), without a conjugate: the derivative of a holomorphic function is f'(z), the
transpose of `real` is `convert`, and that of `conj` is `conj`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lineara.errors import DtypeError
from lineara.ir import DTYPE_NAMES, ArrayType, Example, Primitive, dtype_name
from lineara.ir.primitive import Attributes
from lineara.primitives import nests
from lineara.primitives.forms import (
    ANY,
    INEXACT,
    REAL,
    as_it_stands,
    check_kind,
    differentiable,
    examples_of,
    multilinear,
    nondifferentiable,
    real_of,
    same_type,
    sum_of,
)

FIRST = (frozenset((0,)),)


def complex_of(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The complex dtype whose parts have a real dtype."""
    return np.result_type(dtype, np.complex64)


def converted(x: Any, dtype: np.dtype[Any]) -> Any:
    """An expression converted to a dtype; itself when it has it."""
    return x if x.type.dtype == dtype else convert(x, dtype=dtype_name(dtype))


def _infer_convert(x: ArrayType, *, dtype: str) -> tuple[ArrayType, ...]:
    check_kind("convert", ANY, x)
    if dtype not in DTYPE_NAMES:
        raise DtypeError(
            f"`convert` to no dtype {dtype!r}", mend=f"the dtypes are {', '.join(DTYPE_NAMES)}"
        )
    if x.dtype.kind == "c" and DTYPE_NAMES[dtype].kind != "c":
        raise DtypeError(
            f"`convert` of {x!r} to {dtype} would lose the imaginary part",
            mend="take `real` or `abs` first",
        )
    return (ArrayType(dtype, x.shape),)


def _work_convert(
    operands: tuple[ArrayType, ...], results: tuple[ArrayType, ...], attributes: Attributes
) -> int:
    """One operation an element; two where precision changes and an imaginary part is made, as both are undone."""
    x, y = operands[0], results[0]
    both = x.dtype.kind == "f" and y.dtype.kind == "c" and complex_of(x.dtype) != y.dtype
    return (1 + both) * x.size


def _transpose_convert(operands: Any, cotangents: Any, *, dtype: str) -> list[Any]:
    x, back = operands[0], cotangents[0]
    if x.dtype.kind == back.type.dtype.kind:
        return [convert(back, dtype=dtype_name(x.dtype))]
    return [converted(real(back), x.dtype)]


def _jvp_convert(operands: Any, results: Any, tangents: Any, attributes: Any) -> list[Any]:
    flat = not results[0].type.is_inexact
    return [None if flat else convert(tangents[0], **attributes)]


convert: Primitive = multilinear(
    "convert",
    "x in another dtype, as astype",
    lambda x, *, dtype: x.astype(DTYPE_NAMES[dtype]),
    _infer_convert,
    _transpose_convert,
    linear_in=FIRST,
    family="conversion",
    examples=tuple(
        Example((ArrayType(one, shape),), (("dtype", other),))
        for one, other, shape in (
            ("f64", "f32", (2, 3)),
            ("f32", "f64", ()),
            ("f64", "c128", (2,)),
            ("f32", "c128", (3,)),
            ("f64", "c64", (2, 1)),
            ("c128", "c64", (0,)),
            ("c64", "c64", (2,)),
            ("i64", "f64", (2,)),
            ("f64", "i32", (3,)),
            ("bool", "f32", (2,)),
            ("u8", "bool", (2,)),
        )
    ),
    work=_work_convert,
    jvp=_jvp_convert,
    elementwise=True,
    scalar=lambda m, x, *, dtype: m.convert(x, DTYPE_NAMES[dtype]),
)


def _infer_part(name: str) -> Any:
    def infer(x: ArrayType) -> tuple[ArrayType, ...]:
        check_kind(name, "c", x)
        return (ArrayType(real_of(x.dtype), x.shape),)

    return infer


real: Primitive = multilinear(
    "real",
    "Re z",
    np.real,
    _infer_part("real"),
    lambda operands, cotangents: [converted(cotangents[0], operands[0].dtype)],
    linear_in=FIRST,
    family="conversion",
    examples=examples_of("c", 1),
    elementwise=True,
    scalar=lambda m, x: x.real,
)


def _linear_imag(operands: Any) -> Any:
    """Im z = Re(−i z)."""
    return real(operands[0].scaled(operands[0].full(-1j)))


imag: Primitive = differentiable(
    "imag",
    "Im z",
    np.imag,
    _infer_part("imag"),
    lambda operands, results, tangents, attributes: [_linear_imag(tangents)],
    family="conversion",
    examples=examples_of("c", 1),
    elementwise=True,
    scalar=lambda m, x: x.imag,
    linear_in=FIRST,
    linear_form=_linear_imag,
)

conj: Primitive = multilinear(
    "conj",
    "Re z − i Im z",
    np.conj,
    lambda x: (same_type("conj", "c", (x,)),),
    lambda operands, cotangents: [conj(cotangents[0])],
    linear_in=FIRST,
    family="conversion",
    examples=examples_of("c", 1),
    elementwise=True,
    scalar=lambda m, x: m.conj(x),
)


def _infer_complex(x: ArrayType, y: ArrayType) -> tuple[ArrayType, ...]:
    same_type("complex", REAL, (x, y))
    return (ArrayType(complex_of(x.dtype), x.shape),)


def _complex(x: Any, y: Any) -> Any:
    made = np.empty(x.shape, complex_of(x.dtype))
    made.real, made.imag = x, y
    return made


def _linear_complex(parts: Any) -> Any:
    """x + i y, where either may be absent."""
    dtype = complex_of(next(p for p in parts if p is not None).type.dtype)
    terms = [None if p is None else converted(p, dtype) for p in parts]
    if terms[1] is not None:
        terms[1] = terms[1].scaled(terms[1].full(1j))
    return sum_of([t for t in terms if t is not None])


complex_: Primitive = differentiable(
    "complex",
    "x + i y",
    _complex,
    _infer_complex,
    lambda operands, results, tangents, attributes: [_linear_complex(tangents)],
    family="conversion",
    examples=examples_of(REAL, 2),
    elementwise=True,
    scalar=lambda m, x, y: m.complex(x, y),
    linear_in=(frozenset((0, 1)),),
    linear_form=_linear_complex,
)


def _infer_name(x: ArrayType, *, name: str) -> tuple[ArrayType, ...]:
    check_kind("name", ANY, x)
    if not isinstance(name, str):
        raise DtypeError(f"`name` takes a string, not {name!r}", mend="give a string")
    return (x,)


name_: Primitive = multilinear(
    "name",
    "x, under a name that checkpoint policies know",
    lambda x, *, name: x,
    _infer_name,
    lambda operands, cotangents, *, name: [cotangents[0]],
    linear_in=FIRST,
    batch=as_it_stands,
    family="conversion",
    examples=(
        Example((ArrayType("f64", (2,)),), (("name", "hidden"),)),
        Example((ArrayType("i64"),), (("name", "count"),)),
    ),
    work=lambda operands, results, attributes: 0,
    jvp=lambda operands, results, tangents, attributes: [tangents[0]],
    nest=nests.identity,
)

stop_gradient: Primitive = nondifferentiable(
    "stop_gradient",
    "x, a constant to derivatives",
    lambda x: x,
    lambda x: (same_type("stop_gradient", ANY, (x,)),),
    family="conversion",
    examples=examples_of(INEXACT + "i", 1),
    elementwise=True,
    scalar=lambda m, x: x,
)
