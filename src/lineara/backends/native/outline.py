"""Code of one function made a function of its own: what it reads of the other becomes arguments.

The code is emitted into the new function as if it still stood in the old one; `outline` then finds the values of the old one
among its operands. Addresses that follow from others are computed again, so that an argument is a whole piece of memory and may
be said not to overlap with others.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

POINTER = ir.PointerType()


def outline(function: Any, parent: Any, lent: Any) -> list[Any]:
    """Make the values of a parent that a function reads arguments of the function; gives these values, in order.

    `lent` is the memory in which the parent makes arrays: what it loads a pointer of may lie there.
    """
    capture = _Capture(function, parent)
    for block in list(function.blocks):
        for instruction in list(block.instructions):
            capture.change(instruction)
    capture.say_what_overlaps(lent)
    return list(capture.arguments)


def returns_only(function: Any, value: int) -> bool:
    """Whether a function returns this constant wherever it returns."""
    ends = [b.terminator for b in function.blocks if b.terminator is not None]
    return all(
        isinstance(e.return_value, ir.Constant) and e.return_value.constant == value
        for e in ends
        if isinstance(e, ir.Ret)
    )


class _Capture:
    def __init__(self, function: Any, parent: Any) -> None:
        self.function, self.parent = function, parent
        self.first = function.entry_basic_block.instructions[0]
        self.arguments: dict[Any, Any] = {}
        self.known: dict[int, Any] = {}
        self.kept: list[Any] = []

    def change(self, instruction: Any) -> None:
        """Let an instruction read nothing of the parent."""
        for old in _operands(instruction):
            new = self.of(old)
            if new is not old:
                _replace(instruction, old, new)

    def of(self, value: Any) -> Any:
        """What stands for a value inside."""
        if not self._foreign(value):
            return value
        if id(value) not in self.known:
            self.kept.append(value)
            self.known[id(value)] = self._made(value)
        return self.known[id(value)]

    def _foreign(self, value: Any) -> bool:
        if isinstance(value, ir.Argument):
            return value.parent is self.parent
        return isinstance(value, ir.Instruction) and value.function is self.parent

    def _made(self, value: Any) -> Any:
        if isinstance(value, ir.GEPInstr):
            given = [self.of(v) for v in (value.pointer, *value.indices)]
            b = ir.IRBuilder(self.function.entry_basic_block)
            b.position_before(self.first)
            return b.gep(given[0], given[1:], source_etype=value.source_etype)
        made = ir.Argument(self.function, value.type)
        self.arguments[value] = made
        self.function.args = (*self.function.args, made)
        type_ = self.function.ftype
        self.function.ftype = ir.FunctionType(type_.return_type, (*type_.args, value.type))
        return made

    def say_what_overlaps(self, lent: Any) -> None:
        """Mark memory that overlaps with none of the other arguments."""
        pointers = [v for v in self.arguments if isinstance(v.type, ir.PointerType)]
        whole = [v for v in pointers if isinstance(v, ir.Argument | ir.AllocaInstr)]
        for value in whole:
            given = isinstance(value, ir.Argument) and value is not lent
            marked = not isinstance(value, ir.Argument) or "noalias" in value.attributes
            if marked and (given or len(whole) == len(pointers)):
                self.arguments[value].add_attribute("noalias")


def _operands(instruction: Any) -> list[Any]:
    if isinstance(instruction, ir.PhiInstr):
        return [v for v, _ in instruction.incomings]
    return list(instruction.operands)


def _replace(instruction: Any, old: Any, new: Any) -> None:
    if isinstance(instruction, ir.PhiInstr):
        instruction.incomings = [(new if v is old else v, b) for v, b in instruction.incomings]
    else:
        instruction.operands = [new if v is old else v for v in instruction.operands]
    if isinstance(instruction, ir.GEPInstr):
        instruction.pointer, *instruction.indices = instruction.operands
    for name in ("aggregate", "value"):
        if getattr(instruction, name, None) is old:
            setattr(instruction, name, new)
