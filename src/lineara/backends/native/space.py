"""Memory of one function: a workspace that is planned while code is emitted, and slots for single numbers."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from lineara.backends.native.lanes import Dtype
from lineara.backends.native.places import Root

LINE = 64
"""The bytes of a cache line; blocks begin at one."""
ALIAS = 1024
"""Blocks of a multiple of so many bytes take a line more, not to share a few sets of a cache."""
ON_STACK = 1024
"""An array of at most so many bytes is a local variable: LLVM keeps it in registers where it can."""
BYTE, LONG = ir.IntType(8), ir.IntType(64)


class Space:
    """Blocks of a workspace; a block that is free again is used again."""

    def __init__(self, builder: Any, workspace: Any, first: int = 0) -> None:
        self.builder = builder
        self.workspace = workspace
        self.free: list[tuple[int, int]] = []
        self.size = first
        self.made: list[Root] = []
        self.taken: list[tuple[Root, int, int | None]] = []

    def take(self, count: int, dtype: Dtype) -> tuple[Any, Root]:
        """Memory for so many elements."""
        size = max(1, count * dtype.itemsize)
        root = Root(True)
        self.made.append(root)
        if size <= ON_STACK:
            self.taken.append((root, size, None))
            return self._local(size, LINE), root
        start, length = self.block(size)
        root.block = (start, length)
        self.taken.append((root, size, start))
        return self.at(start), root

    def at(self, start: int) -> Any:
        """The pointer to a byte of the workspace."""
        return self.builder.gep(self.workspace, [ir.Constant(LONG, start)], source_etype=BYTE)

    def block(self, size: int) -> tuple[int, int]:
        """Where a block of at least so many bytes is: the first free one that fits, or a new one."""
        length = -(-size // LINE) * LINE
        length += LINE if length % ALIAS == 0 else 0
        for i, (start, room) in enumerate(self.free):
            if room >= length:
                del self.free[i]
                if room > length:
                    self.free.append((start + length, room - length))
                return start, length
        start, self.size = self.size, self.size + length
        return start, length

    def release(self, root: Root) -> None:
        """A block that nobody needs any more."""
        if root.block is None:
            return
        start, length = root.block
        root.block = None
        for i, (other, room) in enumerate(self.free):
            if other + room == start:
                del self.free[i]
                start, length = other, room + length
                break
        for i, (other, room) in enumerate(self.free):
            if start + length == other:
                del self.free[i]
                length += room
                break
        self.free.append((start, length))

    def slot(self, dtype: Dtype, lanes: int) -> Any:
        """A local variable for one number."""
        return self._local(max(1, lanes * dtype.itemsize), LINE)

    def _local(self, size: int, align: int) -> Any:
        with self.builder.goto_entry_block():
            made = self.builder.alloca(ir.ArrayType(BYTE, size))
            made.align = align
            made.type = ir.PointerType()
        return made
