"""Debug information: which line of the user's program an instruction comes from; and machine code with these lines, to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from lineara.backends.native.groups import Group
from lineara.backends.native.listing import split_file
from lineara.backends.native.outer import Product
from lineara.backends.native.places import Position
from lineara.backends.native.steps import Step
from lineara.backends.native.trips import Trips
from lineara.backends.native.watched import Listing, Recorder, Watched
from lineara.errors import Origin

INT = ir.IntType(32)


class Lines:
    """The debug information of one module. With a title, debuggers hear of its functions too: the main one is called so."""

    def __init__(self, module: Any, title: str = "") -> None:
        self.module, self.title = module, title
        self.files: dict[tuple[str, str], Any] = {}
        self.functions: dict[str, Any] = {}
        self.unit: Any = None

    def location(self, function: Any, origin: Origin) -> Any:
        """Where an instruction of a function comes from."""
        file = self._file(*split_file(origin))
        scope = self._function(function, file)
        block = {"scope": scope, "file": file, "discriminator": 0}
        inside = self.module.add_debug_info("DILexicalBlockFile", block)
        return self.module.add_debug_info("DILocation", {"line": origin.line, "scope": inside})

    def finish(self) -> None:
        """Mark the calls of marked functions: code that is merged into its caller keeps its lines then."""
        marked = set(self.functions)
        for function in self.module.functions:
            calls = [
                i
                for block in function.blocks
                for i in block.instructions
                if isinstance(i, ir.CallInstr) and i.callee.name in marked
            ]
            if calls and function.name not in marked:
                scope = self._function(function, next(iter(self.files.values())))
                nowhere = self.module.add_debug_info("DILocation", {"line": 0, "scope": scope})
                for call in calls:
                    call.set_metadata("dbg", nowhere)

    def _file(self, directory: str, name: str) -> Any:
        key = directory, name
        if key not in self.files:
            names = {"filename": name, "directory": directory}
            self.files[key] = self.module.add_debug_info("DIFile", names)
        return self.files[key]

    def _function(self, function: Any, file: Any) -> Any:
        if function.name not in self.functions:
            of_no_type = {"types": self.module.add_metadata([None])}
            described: dict[str, Any] = {
                "file": file,
                "type": self.module.add_debug_info("DISubroutineType", of_no_type),
                "unit": self.unit or self._unit(file),
                "spFlags": ir.DIToken("DISPFlagDefinition"),
            }
            described["name"] = function.name.replace("main", self.title or "main", 1)
            made = self.module.add_debug_info("DISubprogram", described, is_distinct=True)
            function.set_metadata("dbg", made)
            self.functions[function.name] = made
        return self.functions[function.name]

    def _unit(self, file: Any) -> Any:
        language = ir.DIToken("DW_LANG_Python")
        kind = ir.DIToken("FullDebug" if self.title else "LineTablesOnly")
        described = {"language": language, "file": file, "emissionKind": kind}
        self.unit = self.module.add_debug_info("DICompileUnit", described, is_distinct=True)
        self.module.add_named_metadata("llvm.dbg.cu", self.unit)
        for name, version in (("Debug Info Version", 3), ("Dwarf Version", 4)):
            flag = [ir.Constant(INT, 2), name, ir.Constant(INT, version)]
            self.module.add_named_metadata("llvm.module.flags", flag)
        return self.unit


class LineRecorder(Recorder):
    """Takes down what is emitted, and marks each instruction with the line that it comes from."""

    def __init__(self, title: str = "") -> None:
        super().__init__()
        self.title = title
        self.lines: Lines | None = None

    def emitter(self, m: Any, space: Any, program: Any, lists: Any, out_of_range: Any) -> Watched:
        """The emitter of the next function."""
        self.lines = self.lines or Lines(m.module, self.title)
        listing = Listing(m.builder.function.name)
        self.functions.append(listing)
        return _Marking(self.lines, listing, m, space, program, lists, out_of_range)

    def finish(self) -> None:
        """Mark what calls the functions, once all of them are there."""
        if self.lines is not None:
            self.lines.finish()


class _Marking(Watched):
    def __init__(self, lines: Lines, *rest: Any) -> None:
        super().__init__(*rest)
        self.lines = lines

    def _step(self, s: Step, at: dict[int, Position], group: Group) -> None:
        with self._marked(s):
            super()._step(s, at, group)

    def tiled(self, product: Product, at: dict[int, Position], trips: Trips) -> None:
        """A sum of products, with the line of it."""
        with self._marked(product.step):
            super().tiled(product, at, trips)

    @contextmanager
    def _marked(self, s: Step) -> Iterator[None]:
        builder, origin = self.m.builder, s.node.origin
        before = builder.debug_metadata
        if origin is not None:
            builder.debug_metadata = self.lines.location(builder.function, origin)
        yield
        builder.debug_metadata = before


def readable(assembly: str) -> str:
    """Machine code whose debug information is comments: the line that the instructions after it come from."""
    files: dict[str, str] = {}
    made: list[str] = []
    line = ""
    for text in assembly.splitlines():
        file, place = _FILE.match(text), _PLACE.match(text)
        if re.match(r"\s*\.section\s+\.debug_", text):
            break
        if file:
            files[file[1]] = file[2]
        elif place:
            line, old = f"\t# {files.get(place[1], '?')}:{place[2]}", line
            made += [line] * (line != old and place[2] != "0")
        elif not _LABEL.match(text):
            made.append(text)
    return "\n".join(made) + "\n"


_FILE = re.compile(r'\s*\.file\s+(\d+) (?:".*" )?"(.*?)"')
_PLACE = re.compile(r"\s*\.loc\s+(\d+) (\d+)")
_LABEL = re.compile(r"\.L(tmp|func_begin)\d+:")
