"""Machine code kept on disk, so that a second process starts without compiling.

An entry is a file named by the digest of all that its code depends on: the text of the module, the level, the processor, and
the compiler. It holds the code and a checksum. Files are written aside and renamed, so that processes may share a directory; a
damaged file counts as absent. The entries that were not used for longest go when there is no room.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path

import llvmlite
import llvmlite.binding as llvm

from lineara.backends.native import compile as compiler

ROOM = 1 << 30
"""The bytes that a directory may hold."""

_MAGIC = b"lineara\x01"
_CHECKSUM = 32
_SUFFIX = ".code"


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


def machine_code(text: str, level: int | None = None) -> bytes:
    """The object code of a module, compiled only where it is not kept.

    Args:
        text: a module in LLVM's assembly language.
        level: how much to optimise, as in `object_code`.
    """
    kept = store()
    if kept is None:
        return compiler.object_code(text, level)
    key = key_of(text, level)
    code = kept.get(key)
    if code is None:
        code = compiler.object_code(text, level)
        kept.put(key, code)
    return code


def key_of(text: str, level: int | None = None) -> str:
    """The digest by which the object code of a module is kept."""
    hasher = blake2b(compiled_by(), digest_size=20)
    hasher.update(f"{compiler.level_of(text) if level is None else level} {text}".encode())
    return hasher.hexdigest()


@cache
def compiled_by() -> bytes:
    """What compiles: LLVM, how it is asked, and for which processor."""
    asked = Path(compiler.__file__).read_bytes()
    return repr((compiler.host(), llvmlite.__version__, llvm.llvm_version_info, asked)).encode()


class Store:
    """Machine code in a directory.

    A directory that cannot be written or read is one that forgets: nothing here raises for it.
    """

    def __init__(self, directory: Path, room: int = ROOM) -> None:
        self.directory = directory
        self.room = room
        self._until_trim = 0

    def get(self, key: str) -> bytes | None:
        """The code of a digest, or None if there is none that is whole."""
        path = self._path(key)
        with suppress(OSError):
            found = _decode(path.read_bytes())
            if found is None:
                path.unlink(missing_ok=True)
            else:
                os.utime(path)
            return found
        return None

    def put(self, key: str, code: bytes) -> None:
        """Keep code."""
        path, data = self._path(key), _MAGIC + _checksum(code) + code
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


def _decode(data: bytes) -> bytes | None:
    start = len(_MAGIC) + _CHECKSUM
    code = data[start:]
    return code if data[:start] == _MAGIC + _checksum(code) else None


def _checksum(code: bytes) -> bytes:
    return blake2b(code, digest_size=_CHECKSUM).digest()


@cache
def _store(directory: Path) -> Store:
    return Store(directory)


def store() -> Store | None:
    """The store in use, or None where `LINEARA_CACHE_DIR` is empty."""
    directory = default_directory()
    return None if directory is None else _store(directory)
