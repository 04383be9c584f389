"""The native code of a call, loaded once, and classes whose instances it can read."""

from __future__ import annotations

import ctypes
import re
from functools import cache
from importlib import resources
from string import Template
from typing import Any, TypeVar

import numpy as np
from numpy._core import _multiarray_umath  # type: ignore[attr-defined]

from lineara.backends.native.cache import machine_code
from lineara.backends.native.compile import Library
from lineara.backends.native.debug import load

FILES = ("types", "call", "match", "large", "run", "build")
_NUMPY_SLOTS = {
    "PyArray_ScalarAsCtype": 62,
    "PyArray_NewCopy": 85,
    "PyArray_NewFromDescr": 94,
    "PyDataMem_SetHandler": 304,
    "PyDataMem_GetHandler": 305,
    "PyDataMem_DefaultHandler": 306,
}
"""Where NumPy's table of functions, whose order is fixed for all of NumPy 2, has them."""

LARGE, LARGEST = 1 << 25, 1 << 27
"""The bytes from which on the memory of a result is kept, as the C library would give it back, and up to which it is."""

_WORD = ctypes.sizeof(ctypes.c_void_p)
_HEAD = object.__basicsize__ - _WORD


T = TypeVar("T")
_kept: list[object] = []

FIELDS = 128
"""Where the native fields begin in an instance, behind what Python's classes need."""


@cache
def machine() -> Library:
    """The native code."""
    text = _text()
    code = machine_code(text, level=1)
    names = re.findall(r"^declare .*@(Py\w+)\(", text, re.MULTILINE)
    types = {"PyArray_Type": np.ndarray, "PyTuple_Type": tuple, "PyList_Type": list}
    names.append("PyDataMem_DefaultHandler")
    imports = {name: id(t) for name, t in (types | {"PyDict_Type": dict}).items()}
    library = load(code, ("call", "free_workspace"), imports | {n: _address(n) for n in names})
    ctypes.pythonapi.Py_IncRef(
        ctypes.py_object(library)
    )  # callables may be called until the process ends
    return library


def _text() -> str:
    folder = resources.files(__package__)
    text = "\n".join((folder / f"{name}.ll").read_text("utf-8") for name in FILES)
    return Template(text).substitute(head=_HEAD, fields=FIELDS, large=LARGE, largest=LARGEST)


def _address(name: str) -> int:
    if name in _NUMPY_SLOTS:
        return int(_numpy_table()[_NUMPY_SLOTS[name]])
    return ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0


@cache
def _numpy_table() -> Any:
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    address = get(_multiarray_umath._ARRAY_API, None)
    return ctypes.cast(address, ctypes.POINTER(ctypes.c_size_t))


class _Member(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("type", ctypes.c_int),
        ("offset", ctypes.c_ssize_t),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


class _Slot(ctypes.Structure):
    _fields_ = (("slot", ctypes.c_int), ("value", ctypes.c_void_p))


class _Spec(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("size", ctypes.c_int),
        ("item", ctypes.c_int),
        ("flags", ctypes.c_uint),
        ("slots", ctypes.POINTER(_Slot)),
    )


_TP_CALL, _TP_MEMBERS = 50, 72
_SSIZE, _READONLY = 19, 1
_HAVE_VECTORCALL = 1 << 11


def native(base: type[T]) -> type[T]:
    """A class derived from a Python one, whose instances have two native fields more: the code of a call, and an address."""
    assert base.__basicsize__ <= FIELDS
    member = _Member(b"__vectorcalloffset__", _SSIZE, FIELDS, _READONLY, None)
    members = (_Member * 2)(member)
    call = ctypes.cast(ctypes.pythonapi.PyVectorcall_Call, ctypes.c_void_p).value
    slots = (_Slot * 3)(_Slot(_TP_CALL, call), _Slot(_TP_MEMBERS, ctypes.addressof(members)))
    name = f"{base.__module__}.{base.__qualname__}".encode()
    spec = _Spec(name, FIELDS + 2 * _WORD, 0, _HAVE_VECTORCALL, slots)
    make = ctypes.pythonapi.PyType_FromSpecWithBases
    make.restype, make.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.py_object)
    made: type[T] = make(ctypes.addressof(spec), (base,))
    made.__doc__ = base.__doc__
    _kept.append((members, slots, name, spec))
    return made


def set_fields(instance: object, call: int, data: ctypes.Structure) -> None:
    """Write the native fields of an instance of a native class."""
    fields = (ctypes.c_size_t * 2).from_address(id(instance) + FIELDS)
    fields[0], fields[1] = call, ctypes.addressof(data)
