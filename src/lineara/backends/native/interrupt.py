"""Ctrl-C in a long loop: a function that kernels ask now and then whether a signal waits."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

NAME = "lineara.interrupted"
_TICKS = 10
"""How often in a second Python is asked; between, a question costs a look at the clock."""
OFTEN = 1_000_000
"""The operations between two looks for an interrupt."""

_I32, _I64, _POINTER = ir.IntType(32), ir.IntType(64), ir.PointerType()
_NANOSECONDS = 1_000_000_000


def trips_between_looks(work: int) -> int:
    """How many trips of so many operations are run between two looks: a power of two."""
    return int(1 << max(0, (OFTEN // max(1, work)).bit_length() - 1))


def interrupted(module: Any) -> Any:
    """Declare, once in a module, what a long loop asks: it gives −1 where the kernel must return −1 at once, else 0.

        i32 interrupted(ptr last)

    `last` points to an i64 of the running call, with anything in it at first. Python handles signals in its main thread only,
    and holds what it raised there for the caller of the kernel; in other threads the answer is 0.
    """
    if NAME in module.globals:
        return module.globals[NAME]
    function = ir.Function(module, ir.FunctionType(_I32, [_POINTER]), NAME)
    function.linkage = "internal"
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block())
    tick = _tick(module, builder)
    last = builder.load(function.args[0], typ=_I64)
    with builder.if_then(builder.icmp_unsigned("!=", tick, last), likely=False):
        builder.store(tick, function.args[0])
        state = builder.call(_external(module, "PyGILState_Ensure", _I32, []), [])
        signal = builder.call(_external(module, "PyErr_CheckSignals", _I32, []), [])
        builder.call(_external(module, "PyGILState_Release", ir.VoidType(), [_I32]), [state])
        builder.ret(signal)
    builder.ret(_I32(0))
    return function


def _tick(module: Any, builder: Any) -> Any:
    """The time in tenths of a second."""
    time = builder.alloca(ir.ArrayType(_I64, 2))
    builder.call(_external(module, "timespec_get", _I32, [_POINTER, _I32]), [time, _I32(1)])
    seconds = builder.load(time, typ=_I64)
    place = builder.gep(time, [_I64(1)], source_etype=_I64)
    nanoseconds = builder.load(place, typ=_I64)
    part = builder.udiv(nanoseconds, _I64(_NANOSECONDS // _TICKS))
    return builder.add(builder.mul(seconds, _I64(_TICKS)), part)


def _external(module: Any, name: str, result: Any, parameters: list[Any]) -> Any:
    found = module.globals.get(name)
    return found or ir.Function(module, ir.FunctionType(result, parameters), name)
