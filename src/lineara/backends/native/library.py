"""Code of NumPy and SciPy that machine code calls: the loops of ufuncs, BLAS and LAPACK.

Machine code names what it calls and holds no address. A name says by itself where its code is found, so that machine code from
disk is loaded like new code:

    lineara.library.loop:numpy.linalg._umath_linalg:solve:dd->d     the loop of a ufunc for these dtypes
    lineara.library.data:scipy.special:j0:d->d                      the data that goes with a loop
    lineara.library.blas:dgemm, lineara.library.lapack:dtrtrs       what SciPy exports for Cython
    lineara.library.status                                          takes the floating-point flags, and clears them
    lineara.library.parallel                                        runs the chunks of a loop on several threads
"""

from __future__ import annotations

import ctypes
import re
from functools import cache
from importlib import import_module
from typing import Any

from lineara.backends.native import threads

PREFIX = "lineara.library."
_NAME = re.compile(rb"lineara\.library\.[ -~]+")
STATUS = PREFIX + "status"
INVALID = 8
"""The flag of an invalid operation, as `status` gives it."""

_PRIVATE = {
    "linalg": "numpy.linalg._umath_linalg",
    "fourier": "numpy.fft._pocketfft_umath",
    "special": "scipy.special._ufuncs",
}
_HOMES = ("numpy", "scipy.special", *_PRIVATE.values())
_SCIPY = {"blas": "scipy.linalg.cython_blas", "lapack": "scipy.linalg.cython_lapack"}
_GETFPERR = 28
"""The place of `PyUFunc_getfperr` in NumPy's table of functions, which never changes."""


class _Ufunc(ctypes.Structure):
    """The part of a ufunc object that says where its loops are."""

    _fields_ = (
        ("head", ctypes.c_char * object.__basicsize__),
        ("counts", ctypes.c_int * 4),
        ("functions", ctypes.POINTER(ctypes.c_void_p)),
        ("data", ctypes.POINTER(ctypes.c_void_p)),
        ("ntypes", ctypes.c_int),
    )


def private_ufunc(family: str, name: str) -> Any:
    """A ufunc that NumPy's `linalg` or `fft`, or SciPy's `special`, is written with: `solve`, `rfft_n_even`, `_zeta`."""
    return getattr(import_module(_PRIVATE[family]), name)


def name_of(ufunc: Any) -> str:
    """The module and the name under which a ufunc is found, `scipy.special:j0`.

    Raises `ValueError` for a ufunc that is none of NumPy's or SciPy's.
    """
    name: str = ufunc.__name__
    for home in _HOMES:
        if vars(import_module(home)).get(name) is ufunc:
            return f"{home}:{name}"
    raise ValueError(f"{ufunc!r} is no ufunc of NumPy or SciPy")


def loop_symbols(ufunc: Any, types: str) -> tuple[str, str | None]:
    """The names of a ufunc's loop for these dtypes, `dd->d`, and of its data, None where it has none."""
    name = f"{name_of(ufunc)}:{types}"
    return f"{PREFIX}loop:{name}", f"{PREFIX}data:{name}" if _loop(ufunc, types)[1] else None


def symbols(code: bytes) -> dict[str, int]:
    """The addresses in this process of what object code names, as new code or code from disk needs them to be loaded.

    Raises `ValueError` where NumPy or SciPy has no longer what a name stands for.
    """
    names = {found.decode() for found in _NAME.findall(code)}
    return {name: address(name) for name in sorted(names)}


@cache
def address(name: str) -> int:
    """Where the code, or the data, of a name is in this process; raises `ValueError` for a name that is none."""
    kind, _, rest = name.removeprefix(PREFIX).partition(":")
    if kind in {"loop", "data"}:
        home, function, types = rest.split(":")
        found = getattr(import_module(home), function, None)
        if types in getattr(found, "types", ()):
            return _loop(found, types)[kind == "data"]
    if kind in _SCIPY and rest in (exported := import_module(_SCIPY[kind]).__pyx_capi__):
        return _exported(exported[rest])
    if name == threads.NAME:
        return threads.address()
    if name == STATUS:
        from_numpy = import_module("numpy._core._multiarray_umath")._UFUNC_API
        table = ctypes.cast(_pointer(from_numpy, None), ctypes.POINTER(ctypes.c_void_p))
        return table[_GETFPERR] or 0
    raise ValueError(f"no library code has the name {name!r}")


def _loop(ufunc: Any, types: str) -> tuple[int, int]:
    """The addresses of a loop and of its data, 0 where it has none."""
    table = _Ufunc.from_address(id(ufunc))
    place = ufunc.types.index(types)
    return table.functions[place] or 0, table.data[place] or 0 if table.data else 0


def _exported(capsule: Any) -> int:
    name = ctypes.pythonapi.PyCapsule_GetName
    name.restype, name.argtypes = ctypes.c_char_p, (ctypes.py_object,)
    signature: bytes = name(capsule)
    if b"int *" not in signature:
        raise ValueError(f"SciPy's integers are not those of C: {signature.decode()}")
    return _pointer(capsule, signature)


def _pointer(capsule: Any, name: bytes | None) -> int:
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    return int(pointer(capsule, name))
