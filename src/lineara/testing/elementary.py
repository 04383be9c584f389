"""Elementary functions as compiled functions of arrays, and their errors in units in the last place."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from mpmath import mp, mpf

from lineara.backends.native.elementary import ELEMENTARY, call

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

    def __init__(self, names: list[str], dtype: Any, lanes: int = 8) -> None:
        self.dtype, self.lanes = np.dtype(dtype), lanes
        machine = target_machine()
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


def ulp_error(value: float, exact: Any, dtype: Any) -> float:
    """|value − exact| in units in the last place of the exact result; inf where one is special and the other is not."""
    info = np.finfo(dtype)
    rounded = np.asarray(float(exact), np.float64).astype(dtype) if not mp.isnan(exact) else np.nan
    if np.isnan(value) or np.isnan(rounded):
        return 0.0 if np.isnan(value) and np.isnan(rounded) else np.inf
    if np.isinf(value) or np.isinf(rounded):
        near = abs(exact) > mpf(float(info.max)) * (1 - mpf(2) ** (-info.nmant))
        return 0.0 if value == rounded or (near and abs(float(value)) >= info.max) else np.inf
    if exact == 0:
        return 0.0 if value == 0 else np.inf
    exponent = max(mp.frexp(exact)[1] - 1, info.minexp)
    return float(abs(mpf(float(value)) - exact) / mpf(2) ** (int(exponent) - info.nmant))


def worst(
    compiled: Compiled, name: str, exact: Callable[..., Any], *operands: Array
) -> tuple[float, tuple[float, ...]]:
    """The largest error over given operands, and where it is."""
    with np.errstate(all="ignore"):
        values = compiled(name, *operands)
    largest, place = 0.0, tuple(float(x[0]) for x in operands)
    for value, *given in zip(values, *operands, strict=True):
        error = ulp_error(value, exact(*(mpf(float(g)) for g in given)), compiled.dtype)
        if error > largest:
            largest, place = error, tuple(float(g) for g in given)
    return largest, place
