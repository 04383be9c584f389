"""The structures that the native code of a call reads; they are those at the head of types.ll."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from math import prod

import numpy as np

from lineara.ir import ArrayType

_PYTHON_TYPES: dict[str, tuple[int, type]] = {
    "float64": (1, float),
    "int64": (2, int),
    "bool": (3, bool),
    "complex128": (4, complex),
}
"""The Python numbers that have a dtype by themselves, and how types.ll numbers them."""


class Leaf(ctypes.Structure):
    """The type of an array."""

    _fields_ = (
        ("dtype", ctypes.c_void_p),
        ("scalar_type", ctypes.c_void_p),
        ("python_type", ctypes.c_void_p),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("dimensions", ctypes.c_int32),
        ("number", ctypes.c_int32),
        ("order", ctypes.c_int32),
        ("kind", ctypes.c_int32),
        ("bytes", ctypes.c_int64),
    )


class Node(ctypes.Structure):
    """One place in a structure of arguments or results; the places inside it follow it."""

    _fields_ = (("kind", ctypes.c_int64), ("count", ctypes.c_int64), ("data", ctypes.c_void_p))


class KernelData(ctypes.Structure):
    """A kernel, and the workspace that it keeps from call to call."""

    _fields_ = (
        ("code", ctypes.c_void_p),
        ("inputs", ctypes.c_int64),
        ("outputs", ctypes.c_int64),
        ("leaves", ctypes.c_void_p),
        ("workspace", ctypes.c_int64),
        ("kept", ctypes.c_void_p),
        ("fail", ctypes.c_void_p),
        ("releases", ctypes.c_int32),
    )


class SignatureData(ctypes.Structure):
    """Arguments that a kernel takes, and what it returns."""

    _fields_ = (
        ("kernel", ctypes.c_void_p),
        ("positional", ctypes.c_int64),
        ("named", ctypes.c_int64),
        ("names", ctypes.c_void_p),
        ("nodes", ctypes.c_void_p),
        ("result", ctypes.c_void_p),
        ("bound", ctypes.c_int64),
        ("addresses", ctypes.c_void_p),
    )


class CallableData(ctypes.Structure):
    """A tuple of signatures, and what is called where none matches."""

    _fields_ = (("signatures", ctypes.c_void_p), ("miss", ctypes.c_void_p))


def leaves(types: Sequence[ArrayType]) -> ctypes.Array[Leaf]:
    """The types of arrays."""
    return (Leaf * len(types))(*map(_leaf, types))


def _leaf(type_: ArrayType) -> Leaf:
    dtype = np.dtype(type_.dtype.str)
    kind, python_type = _PYTHON_TYPES.get(dtype.name, (0, None))
    return Leaf(
        dtype=id(dtype),
        scalar_type=id(dtype.type),
        python_type=None if python_type is None else id(python_type),
        shape=(ctypes.c_int64 * len(type_.shape))(*type_.shape),
        dimensions=len(type_.shape),
        number=dtype.num,
        order=ord(dtype.byteorder),
        kind=kind,
        bytes=dtype.itemsize * prod(type_.shape),
    )
