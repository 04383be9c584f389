"""From the text of a module to machine code in memory, through LLVM; no compiler of the system takes part.

    text ─object_code─▶ bytes ─load─▶ Library: the addresses of what the module defines

Object code holds no address: it names what it calls, and loading tells where that is. So it may be kept on disk.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

import llvmlite.binding as llvm

LARGE = 8_000
"""Lines of a module beyond which the quick passes alone are run by default."""
QUICK = 1
"""The level of the quick passes: values to registers, and what becomes simple by it. They take a third of the time of the
others, which compute once what is computed twice, move what does not change out of loops, and unroll."""


@dataclass(frozen=True, slots=True)
class Target:
    """A processor: LLVM's triple, its name, and what it can do beyond."""

    triple: str
    cpu: str
    features: str


@cache
def host() -> Target:
    """The processor that runs this."""
    features = llvm.get_host_cpu_features()
    return Target(
        llvm.get_process_triple(), llvm.get_host_cpu_name(), features.flatten() if features else ""
    )


def level_of(text: str) -> int:
    """How much is optimised by default: level 3, but where a module is so large that it would take long."""
    return 3 if text.count("\n") < LARGE else QUICK


def optimised(text: str, level: int | None = None, target: Target | None = None) -> Any:
    """The module after LLVM's optimiser, which vectorises nothing of its own accord: the lanes are in the text.

    Functions are optimised one by one, and inlined only where they say so: what LLVM finds out beyond takes as long again, and
    changes nothing in code that is one function already.

    Args:
        text: a module in LLVM's assembly language.
        level: 0 to 3, where 1 is quick; None chooses by the size.
        target: the processor; None is the one that runs this.
    """
    level = level_of(text) if level is None else level
    machine = _machine(level, target or host())
    module = llvm.parse_assembly(_placed(text, machine))
    module.verify()
    tuning = llvm.create_pipeline_tuning_options(speed_level=level)
    tuning.loop_vectorization = tuning.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, tuning)
    _first(level).run(module, builder)
    if level > QUICK:
        passes = builder.getFunctionPassManager()
        for function in module.functions:
            if not function.is_declaration:
                passes.run(function, builder)
    return module


def _first(level: int) -> Any:
    """What the passes over functions begin with; at the quick level it is all. Functions are inlined where they say so."""
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()  # once what is called is in its callers, many variables are not promoted any more
    passes.add_always_inliner_pass()
    if level == QUICK:
        passes.add_sroa_pass()
        passes.add_instruction_combine_pass()
        passes.add_simplify_cfg_pass()
    passes.add_global_dead_code_eliminate_pass()
    return passes


def object_code(text: str, level: int | None = None, target: Target | None = None) -> bytes:
    """The machine code of a module. See `optimised` for the arguments."""
    level = level_of(text) if level is None else level
    machine = _machine(level, target or host())
    made: bytes = machine.emit_object(optimised(text, level, target))
    return made


def assembly(text: str, level: int | None = None, target: Target | None = None) -> str:
    """The machine code of a module, to read. See `optimised` for the arguments."""
    level = level_of(text) if level is None else level
    machine = _machine(level, target or host())
    made: str = machine.emit_assembly(optimised(text, level, target))
    return made


def _placed(text: str, machine: Any) -> str:
    """A module that says for which processor it is: alignments that are not written follow from it when the text is read."""
    body = _HEADER.sub("", text, count=1)
    return (
        f'target datalayout = "{machine.target_data}"\ntarget triple = "{machine.triple}"\n{body}'
    )


_HEADER = re.compile(r'\A(\s*;[^\n]*\n|\s*target (triple|datalayout) = "[^"]*"\n)*')


@cache
def _machine(level: int, target: Target) -> Any:
    return new_machine(level, target)


def new_machine(level: int, target: Target) -> Any:
    """What makes machine code: beyond level 1 it takes a tenth longer, for the same code within a few bytes."""
    if target == host():
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
    else:
        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
    return llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=target.cpu, features=target.features, opt=min(level, 1), reloc="pic", codemodel="small"
    )


class Library:
    """Object code in memory, for as long as this object lives."""

    __slots__ = ("_tracker",)

    def __init__(self, tracker: Any) -> None:
        self._tracker = tracker

    def __getitem__(self, name: str) -> int:
        """The address of an exported symbol."""
        address: int = self._tracker[name]
        return address


def load(code: bytes, exports: Iterable[str], imports: Mapping[str, int] | None = None) -> Library:
    """Put object code in memory.

    Args:
        code: what `object_code` gives.
        exports: the symbols whose addresses are wanted; they are functions or globals of the module.
        imports: the addresses of symbols that the module declares; those of the C library and of libm need none.

    Raises:
        RuntimeError: a symbol is nowhere to be found.
    """
    builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
    for name, address in (imports or {}).items():
        builder.import_symbol(name, address)
    for name in exports:
        builder.export_symbol(name)
    return Library(builder.link(_linker(), f"lineara.{next(_numbers)}"))


_numbers = count()


@cache
def _linker() -> Any:
    _machine(0, host())
    linker = llvm.create_lljit_compiler(use_jit_link=True)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(linker))  # code may run until the process ends
    return linker
