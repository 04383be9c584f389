"""For debuggers and profilers of the system, where `LINEARA_DEBUG` is set: kernels that say which lines they come from.

Modules then have the lines of the user's Python; they are loaded in a way of which gdb hears; and what is at their addresses is
written to the file `/tmp/perf-PID.map`, where `perf` looks it up: a line of it for each stretch of code that comes from a line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import groupby
from typing import Any

import llvmlite.binding as llvm

from lineara.backends.native import compile as compiler
from lineara.backends.native.addresses import MAGIC, ObjectFile, Stretch

VARIABLE = "LINEARA_DEBUG"
OFF = "", "0"
_APPENDING = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)


@cache
def is_on() -> bool:
    """Whether kernels are made for debuggers."""
    return os.environ.get(VARIABLE, "") not in OFF


class _Addresses:
    """The addresses of the symbols of an engine, which lives as long."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine

    def __getitem__(self, name: str) -> int:
        found: int = self.engine.get_function_address(name)
        return found or int(self.engine.get_global_value_address(name))


def load(
    code: bytes, exports: Iterable[str], imports: Mapping[str, int] | None = None, title: str = ""
) -> compiler.Library:
    """Put object code in memory, as `compile.load` does; for debuggers so that gdb and perf know of it, by a title."""
    if not is_on():
        return compiler.load(code, exports, imports)
    for name, address in (imports or {}).items():
        llvm.add_symbol(name, address)
    machine = compiler.new_machine(0, compiler.host())  # the engine's own
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    library = compiler.Library(_Addresses(engine))
    _note(code, library, list(exports), title)
    return library


def _note(code: bytes, library: compiler.Library, exports: list[str], title: str) -> None:
    """Write what is at the addresses of a library to the file where perf looks."""
    if not sys.platform.startswith("linux") or not code.startswith(MAGIC):
        return
    found = ObjectFile(code)
    first = found.symbol(exports[0])
    base = library[first.name] - first.value
    stretches = [s for s in found.stretches() if s.section == first.section]
    lines = [
        f"{base + start:x} {stop - start:x} {_named(title, where)}\n"
        for where, start, stop in _joined(stretches)
    ]
    number = os.open(f"/tmp/perf-{os.getpid()}.map", _APPENDING, 0o600)
    with os.fdopen(number, "a", encoding="utf-8") as file:
        file.writelines(lines)


def _joined(stretches: Iterable[Stretch]) -> Iterator[tuple[Stretch, int, int]]:
    """Neighbouring stretches of one line as one; what comes from none is with what is before it."""
    for _, parts in groupby(stretches, key=lambda s: s.function):
        inside = list(parts)
        begin, last = inside[0].start, inside[0]
        for s in inside[1:]:
            if s.line and last.line and (s.file, s.line) != (last.file, last.line):
                yield last, begin, s.start
                begin = s.start
            last = s if s.line else last
        yield last, begin, inside[-1].stop


def _named(title: str, s: Stretch) -> str:
    function = s.function if not title else s.function.replace("main", title, 1)
    return f"lineara {function} {s.file}:{s.line}" if s.line else f"lineara {function}"
