"""Kernels kept on disk by the programs that they are made of, so that a second process neither writes a module nor compiles it.

    function, known arrays, level ─key─▶ image ─its key─▶ object code

A key counts all that the text of a module follows from: the content of the function, the arrays that are known, the level,
whether it is strict, what compiles it, and the sources of lineara, by their times, as Python's own bytecode does. A program has
no key where its content does not say all of it: where it applies a record of the user's, whose meaning is a function of Python.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from lineara.backends.native.cache import compiled_by, store
from lineara.backends.native.constants import Known
from lineara.backends.native.executable import Executable
from lineara.backends.native.image import Image
from lineara.ir import Apply, Function, callees_first
from lineara.primitives import REGISTRY

SOURCES = str(Path(__file__).parents[2])
"""The package whose files determine what is made of a program."""


def key_of(function: Function, level: int | None, known: Known, *, strict: bool) -> str | None:
    """What tells the kernel of a program from all others, of this process or another; None if nothing does."""
    if store() is None or not all(map(_says_all, callees_first(function))):
        return None
    hasher = blake2b(_made_by(), digest_size=20)
    hasher.update(repr((function.digest, level, known.key, strict)).encode())
    return hasher.hexdigest()


def _says_all(function: Function) -> bool:
    """Whether the equations of a function name nothing that is known in this process alone."""
    operations = [e.op for e in function.equations]
    return all(
        [
            REGISTRY.get(op.primitive.name) is op.primitive and _is_plain(op.attributes)
            for op in operations
            if isinstance(op, Apply)
        ]
    )


def _is_plain(value: Any) -> bool:
    """Whether the text of a value says what it is."""
    if isinstance(value, tuple):
        return all([_is_plain(x) for x in value])
    return value is None or isinstance(value, bool | int | float | complex | str)


@cache
def _made_by() -> bytes:
    """What makes code of a program: the compiler, the libraries whose code is called, and these sources."""
    versions = np.__version__, scipy.__version__, sys.implementation.cache_tag
    return compiled_by() + repr((versions, sorted(_files(SOURCES)))).encode()


def _files(folder: str) -> Iterator[tuple[str, int, int]]:
    """The sources in a folder, their times and their sizes."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith((".py", ".pyc", ".ll")):
                status = entry.stat()
                yield entry.path[len(SOURCES) :], status.st_mtime_ns, status.st_size
            elif "." not in entry.name and entry.name != "__pycache__" and entry.is_dir():
                yield from _files(entry.path)


def found(key: str) -> Executable | None:
    """The kernel of a key, loaded; None where it, or its code, is not kept or cannot be loaded any more."""
    kept = store()
    data = kept and kept.get(key)
    if not kept or not data:
        return None
    image: Image = pickle.loads(data)
    code = kept.get(image.key)
    try:
        return None if code is None else image.loaded(code)
    except (ValueError, RuntimeError):
        return None


def has(key: str) -> bool:
    """Whether the kernel of a key, and its code, are kept."""
    kept = store()
    data = kept and kept.get(key)
    return bool(kept and data and kept.get(pickle.loads(data).key))


def put(key: str, image: Image) -> None:
    """Keep a kernel, whose code is kept already, by its key; one whose failures are of this process alone is not kept."""
    kept = store()
    try:
        data = pickle.dumps(image)
    except (pickle.PicklingError, AttributeError, TypeError):
        return
    if kept is not None:
        kept.put(key, data)
