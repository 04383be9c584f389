"""Which line of the user's Python each piece of object code comes from: the line table of an ELF file, read as DWARF 4 says.

Stretch(section, start, stop, function, file, line)       from start to stop, counted from where the section begins
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

MAGIC = b"\x7fELF\x02\x01"
"""An ELF file of 64 bits whose numbers begin with the lowest byte."""
_SECTION, _SYMBOL, _RELOCATION = "<IIQQQQIIQQ", "<IBBHQQ", "<QQq"
_FUNCTION = 2


@dataclass(frozen=True, slots=True)
class Stretch:
    """Instructions of one function that come from one line."""

    section: int
    start: int
    stop: int
    function: str
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class _Section:
    number: int
    name: str
    data: bytes
    link: int


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name of an address."""

    name: str
    section: int
    value: int
    size: int
    is_function: bool


class ObjectFile:
    """Object code as it is on disk, before it is loaded."""

    def __init__(self, code: bytes) -> None:
        if not code.startswith(MAGIC):
            raise ValueError("no ELF file of 64 bits")
        self.sections = list(_sections(code))
        self.symbols = list(self._symbols())

    def symbol(self, name: str) -> Symbol:
        """A symbol by its name."""
        return next(s for s in self.symbols if s.name == name)

    def stretches(self) -> Iterator[Stretch]:
        """The code of all functions, cut where the line changes."""
        rows = sorted(self._rows(), key=lambda r: (r.section, r.start))
        for f in self.symbols:
            if not f.is_function or not f.size:
                continue
            end = f.value + f.size
            inside = [r for r in rows if r.section == f.section and f.value <= r.start < end]
            starts = [Stretch(f.section, f.value, end, f.name), *inside]
            for r, onward in zip(starts, [*[r.start for r in inside], end], strict=True):
                if r.start < onward:
                    yield replace(r, stop=onward, function=f.name)

    def _data(self, name: str) -> bytes:
        return next((s.data for s in self.sections if s.name == name), b"")

    def _symbols(self) -> Iterator[Symbol]:
        table = next(s for s in self.sections if s.name == ".symtab")
        names = self.sections[table.link].data
        for name, info, _, section, value, size in struct.iter_unpack(_SYMBOL, table.data):
            yield Symbol(_text(names, name), section, value, size, info & 15 == _FUNCTION)

    def _rows(self) -> Iterator[Stretch]:
        moved: dict[int, tuple[int, int]] = {}
        for place, info, addend in struct.iter_unpack(_RELOCATION, self._data(".rela.debug_line")):
            symbol = self.symbols[info >> 32]
            moved[place] = symbol.section, symbol.value + addend
        table, start = self._data(".debug_line"), 0
        while start < len(table):
            (length,) = struct.unpack_from("<I", table, start)
            yield from _Program(table, start, moved).rows(start + 4 + length)
            start += 4 + length


def _sections(code: bytes) -> Iterator[_Section]:
    (offset,) = struct.unpack_from("<Q", code, 40)
    size, count, names = struct.unpack_from("<HHH", code, 58)
    heads = [struct.unpack_from(_SECTION, code, offset + i * size) for i in range(count)]
    strings = code[heads[names][4] :]
    for i, (name, kind, _, _, at, length, link, *_rest) in enumerate(heads):
        data = b"" if kind == 8 else code[at : at + length]
        yield _Section(i, _text(strings, name), data, link)


def _text(data: bytes, start: int) -> str:
    return data[start : data.index(b"\0", start)].decode()


class _Reader:
    """Reads numbers one after the other."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def number(self, kind: str) -> int:
        (found,) = struct.unpack_from("<" + kind, self.data, self.at)
        self.at += struct.calcsize("<" + kind)
        return int(found)

    def text(self) -> str:
        found = _text(self.data, self.at)
        self.at += len(found.encode()) + 1
        return found

    def leb(self, *, signed: bool = False) -> int:
        """A number in as many groups of seven bits as it needs."""
        found = shift = 0
        while True:
            byte = self.number("B")
            found |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        return found - (1 << shift) if signed and byte & 64 else found


class _Program(_Reader):
    """The table of one unit: instructions of a small machine that has an address, a file and a line."""

    def __init__(self, data: bytes, start: int, moved: dict[int, tuple[int, int]]) -> None:
        super().__init__(data, start + 4)
        self.moved = moved
        if self.number("H") != 4:
            raise ValueError("no DWARF 4")
        begin = self.number("I") + self.at
        self.least = self.number("B")
        self.at += 2
        self.base, self.range = self.number("b"), self.number("B")
        self.lengths = [self.number("B") for _ in range(self.number("B") - 1)]
        self._directories()
        self.files = list(self._files())
        self.at = begin

    def _directories(self) -> None:
        while self.text():
            pass

    def _files(self) -> Iterator[str]:
        while name := self.text():
            for _ in range(3):
                self.leb()
            yield name

    def rows(self, stop: int) -> Iterator[Stretch]:
        """Where each line begins."""
        self._restart()
        while self.at < stop:
            code = self.number("B")
            if code > len(self.lengths):
                self._special(code)
                yield self._row()
            elif code == 0:
                self._extended()
            elif code == 1:
                yield self._row()
            else:
                self._standard(code)

    def _restart(self) -> None:
        self.section, self.address, self.file, self.line = 0, 0, 1, 1

    def _row(self) -> Stretch:
        file = self.files[self.file - 1] if self.line else ""
        return Stretch(self.section, self.address, 0, "", file, self.line)

    def _special(self, code: int) -> None:
        steps, line = divmod(code - len(self.lengths) - 1, self.range)
        self.address += steps * self.least
        self.line += self.base + line

    def _extended(self) -> None:
        end = self.leb() + self.at
        code = self.number("B")
        if code == 1:
            self._restart()
        elif code == 2:
            self.section, self.address = self.moved[self.at]
        self.at = end

    def _standard(self, code: int) -> None:
        match code:
            case 2:
                self.address += self.leb() * self.least
            case 3:
                self.line += self.leb(signed=True)
            case 4:
                self.file = self.leb()
            case 8:
                self.address += (255 - len(self.lengths) - 1) // self.range * self.least
            case 9:
                self.address += self.number("H")
            case _:
                for _ in range(self.lengths[code - 1]):
                    self.leb()
