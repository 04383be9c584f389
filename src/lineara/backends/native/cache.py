"""Machine code kept on disk, so that a second process starts without compiling.

An entry is a file named by the digest of all that its code depends on: the program, the options, the processor, the versions
of LLVM, NumPy and this package. It holds a summary for whoever asks, the code, and a checksum. Files are written aside and
renamed, so that processes may share a directory; a damaged file counts as absent. The oldest entries go when there is no room.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import llvmlite
import numpy as np

from lineara.backends.native.compile import host, object_code

ROOM = 1 << 30
"""The bytes that a directory may hold."""

_MAGIC = b"lineara\x01"
_CHECKSUM = 32
_SUFFIX = ".code"


@dataclass(frozen=True, slots=True)
class Compiled:
    """Object code, and what is to be known of it beyond: a value of JSON."""

    code: bytes
    summary: Any


def default_directory() -> Path | None:
    """Where machine code is kept: `LINEARA_CACHE_DIR` (empty: nowhere), or the user's directory for caches."""
    chosen = os.environ.get("LINEARA_CACHE_DIR")
    if chosen is not None:
        return Path(chosen) if chosen else None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "~/AppData/Local")
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "lineara"


def digest(*parts: object) -> str:
    """The name of an entry: it depends on the parts (their texts), and on the processor and the versions.

    Args:
        parts: what the machine code is made of: the text or digest of a program, the options.
    """
    hasher = blake2b(_environment(), digest_size=20)
    for part in parts:
        text = str(part).encode()
        hasher.update(len(text).to_bytes(8, "little") + text)
    return hasher.hexdigest()


@cache
def _environment() -> bytes:
    versions = version("lineara"), llvmlite.__version__, np.__version__, sys.version
    return repr((host(), versions, sorted(_sources(Path(__file__).parents[2])))).encode()


def _sources(folder: Path) -> Iterator[tuple[str, int, int]]:
    """The files of the package, by size and time: two states of a checkout have one version."""
    with os.scandir(folder) as found:
        for entry in found:
            if entry.is_dir():
                yield from _sources(Path(entry.path))
            elif entry.name.endswith((".py", ".ll")):
                status = entry.stat()
                yield entry.path, status.st_size, status.st_mtime_ns


class Store:
    """Machine code in a directory.

    A directory that cannot be written or read is one that forgets: nothing here raises for it.
    """

    def __init__(self, directory: Path, room: int = ROOM) -> None:
        self.directory = directory
        self.room = room
        self._until_trim = 0

    def get(self, key: str) -> Compiled | None:
        """The entry of a digest, or None if there is none that is whole."""
        path = self._path(key)
        with suppress(OSError):
            found = _decode(path.read_bytes())
            if found is None:
                path.unlink(missing_ok=True)
            else:
                os.utime(path)
            return found
        return None

    def put(self, key: str, compiled: Compiled) -> None:
        """Keep an entry."""
        path, data = self._path(key), _encode(compiled)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(path, data)
        self._until_trim -= len(data)
        if self._until_trim < 0:
            self.trim()
            self._until_trim = self.room // 16

    def trim(self) -> None:
        """Remove the entries that were not used for longest, until the others have room."""
        left = self.room
        for _, size, path in sorted(self._entries(), reverse=True):
            left -= size
            if left < 0:
                with suppress(OSError):
                    path.unlink()

    def clear(self) -> int:
        """Remove all entries; gives their number."""
        found = list(self._entries())
        for _, _, path in found:
            with suppress(OSError):
                path.unlink()
        return len(found)

    def size(self) -> tuple[int, int]:
        """The number of entries, and their bytes."""
        sizes = [size for _, size, _ in self._entries()]
        return len(sizes), sum(sizes)

    def _path(self, key: str) -> Path:
        return self.directory / key[:2] / (key + _SUFFIX)

    def _entries(self) -> Iterator[tuple[int, int, Path]]:
        """When each entry was last used, its bytes and its file; also files that a process left half written."""
        for path in self.directory.glob(f"[0-9a-f][0-9a-f]/*{_SUFFIX}*"):
            with suppress(OSError):
                status = path.stat()
                yield status.st_mtime_ns, status.st_size, path


def _write(path: Path, data: bytes) -> None:
    """Write a file aside and rename it, so that no reader sees a part of it."""
    number, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _encode(compiled: Compiled) -> bytes:
    summary = json.dumps(compiled.summary).encode()
    body = len(summary).to_bytes(8, "little") + summary + compiled.code
    return _MAGIC + blake2b(body, digest_size=_CHECKSUM).digest() + body


def _decode(data: bytes) -> Compiled | None:
    start = len(_MAGIC) + _CHECKSUM
    body = data[start:]
    whole = _MAGIC + blake2b(body, digest_size=_CHECKSUM).digest() == data[:start]
    if not whole or len(body) < 8:
        return None
    end = 8 + int.from_bytes(body[:8], "little")
    return Compiled(body[end:], json.loads(body[8:end]))


@cache
def _store(directory: Path) -> Store:
    return Store(directory)


def store() -> Store | None:
    """The store in use, or None where `LINEARA_CACHE_DIR` is empty."""
    directory = default_directory()
    return None if directory is None else _store(directory)


def compiled(key: str, build: Callable[[], tuple[str, Any]], level: int | None = None) -> Compiled:
    """What the store has under a key; else what is built now, compiled and kept.

    Args:
        key: a `digest` of all that `build` depends on, the level included.
        build: gives the text of a module and a summary of it, a value of JSON.
        level: how much to optimise, as in `object_code`.
    """
    kept = store()
    found = kept.get(key) if kept else None
    if found is None:
        text, summary = build()
        found = Compiled(object_code(text, level), summary)
        if kept:
            kept.put(key, found)
    return found
