"""Elementary functions as compiled functions of arrays, and their errors in units in the last place."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from mpmath import mp, mpf

from lineara.backends.native.elementary import ELEMENTARY, call
from lineara.testing.elementary_cases import PRECISION, Case

Array = np.ndarray[Any, Any]
POINTER, INT64 = ir.PointerType(), ir.IntType(64)


def loop_module(names: list[str], dtype: Any, lanes: int = 8) -> ir.Module:
    """Functions `map.NAME(inputs…, output, blocks)` that apply an elementary function to blocks of lanes."""
    module = ir.Module("elementary")
    element = ir.DoubleType() if np.dtype(dtype) == np.float64 else ir.FloatType()
    type_ = ir.VectorType(element, lanes) if lanes > 1 else element
    for name in names:
        _add_loop(module, name, type_, element)
    return module


def _add_loop(module: ir.Module, name: str, type_: ir.Type, element: ir.Type) -> None:
    arity = ELEMENTARY[name].arity
    signature = ir.FunctionType(ir.VoidType(), [POINTER] * (arity + 1) + [INT64])
    function = ir.Function(module, signature, f"map.{name}")
    start, body, end = (function.append_basic_block(n) for n in ("start", "body", "end"))
    builder = ir.IRBuilder(start)
    builder.cbranch(builder.icmp_signed(">", function.args[-1], INT64(0)), body, end)
    builder.position_at_end(body)
    index = builder.phi(INT64)
    places = [builder.gep(p, [index], source_etype=type_) for p in function.args[:-1]]
    align = 8 if element == ir.DoubleType() else 4
    operands = [builder.load(p, align=align, typ=type_) for p in places[:-1]]
    builder.store(call(module, builder, name, *operands), places[-1], align=align)
    following = builder.add(index, INT64(1))
    index.add_incoming(INT64(0), start)
    index.add_incoming(following, body)
    builder.cbranch(builder.icmp_signed("<", following, function.args[-1]), body, end)
    builder.position_at_end(end)
    builder.ret_void()


def target_machine(triple: str = "", cpu: str = "", features: str = "") -> llvm.TargetMachine:
    """A machine to compile for: this one, or any that LLVM knows."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    if triple:
        target = llvm.Target.from_triple(triple)
    else:
        target = llvm.Target.from_default_triple()
        cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    return target.create_target_machine(cpu=cpu, features=features, opt=3)


def optimised(module: ir.Module, machine: llvm.TargetMachine) -> llvm.ModuleRef:
    """The module verified and optimised for a machine."""
    module.triple = machine.triple
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(parsed, builder)
    return parsed


class Compiled:
    """Elementary functions of one dtype, applied to NumPy arrays."""

    def __init__(self, names: list[str], dtype: Any, lanes: int = 8, cpu: str = "") -> None:
        self.dtype, self.lanes = np.dtype(dtype), lanes
        machine = target_machine(llvm.get_process_triple() if cpu else "", cpu)
        parsed = optimised(loop_module(names, dtype, lanes), machine)
        self.engine = llvm.create_mcjit_compiler(parsed, machine)
        self.engine.finalize_object()

    def address(self, name: str) -> int:
        """Where the loop of a function begins."""
        return int(self.engine.get_function_address(f"map.{name}"))

    def __call__(self, name: str, *operands: Array) -> Array:
        """The function of every element."""
        size = operands[0].size
        blocks = -(-size // self.lanes)
        padded = [np.ones(blocks * self.lanes, self.dtype) for _ in range(len(operands) + 1)]
        for room, x in zip(padded, operands, strict=False):
            room[:size] = x
        pointers = [ctypes.c_void_p] * len(padded)
        function = ctypes.CFUNCTYPE(None, *pointers, ctypes.c_int64)(self.address(name))
        function(*(p.ctypes.data for p in padded), blocks)
        return padded[-1][:size]


def ulp_error(value: float, exact: Any, dtype: Any, floor: float = 0.0) -> float:
    """|value − exact| in units in the last place of the exact result, or of `floor` if that is larger.

    It is inf where one is special and the other is not; what overflows may be rounded to the largest number or to inf.
    """
    info = np.finfo(dtype)
    if mp.isnan(exact) or np.isnan(value):
        return 0.0 if mp.isnan(exact) and np.isnan(value) else np.inf
    limit = mpf(float(info.max))
    if abs(exact) > limit * (1 - mpf(2) ** (-info.nmant)):
        return 0.0 if abs(float(value)) >= info.max and (value > 0) == (exact > 0) else np.inf
    if np.isinf(value):
        return np.inf
    size = max(abs(exact), mpf(floor))
    exponent = max(mp.frexp(size)[1] - 1, int(info.minexp)) if size else int(info.minexp)
    return float(abs(mpf(float(value)) - exact) / mpf(2) ** (exponent - int(info.nmant)))


@dataclass(frozen=True)
class Worst:
    """The largest error of a function over some operands, and the operands where it is."""

    error: float
    operands: tuple[float, ...]


def worst(
    compiled: Compiled,
    name: str,
    exact: Callable[..., Any],
    *operands: Array,
    floor: float = 0.0,
) -> Worst:
    """The largest error over given operands."""
    values = compiled(name, *operands)
    rows = list(zip(*(x.tolist() for x in operands), strict=True))
    with mp.workprec(PRECISION):
        errors = [
            ulp_error(value, exact(*map(mpf, row)), compiled.dtype, floor)
            for value, row in zip(values, rows, strict=True)
        ]
    place = int(np.argmax(errors))
    return Worst(errors[place], rows[place])


def measured(
    compiled: Compiled, case: Case, count: int, rng: np.random.Generator
) -> Iterator[tuple[str, Worst]]:
    """The largest error over each of the ranges of a case."""
    for ranges in case.ranges:
        operands = [r.sample(count, compiled.dtype, rng) for r in ranges]
        floor = max(r.floor for r in ranges)
        found = worst(compiled, case.name, case.exact, *operands, floor=floor)
        yield ", ".join(map(str, ranges)), found
