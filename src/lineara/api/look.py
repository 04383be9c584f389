"""What is made of a program, as text."""

from __future__ import annotations

from typing import Literal, get_args

from lineara.api.record import Recorded
from lineara.backends import choice
from lineara.backends.native.compile import assembly, optimised
from lineara.backends.native.constants import Known
from lineara.backends.native.flat import Graph
from lineara.backends.native.lines import LineRecorder, readable
from lineara.backends.native.listing import Plan, buffers, listed
from lineara.backends.native.run import graph_of
from lineara.errors import DtypeError
from lineara.frontend.trace import is_traced, native

Stage = Literal["plan", "buffers", "llvm", "optimized", "asm"]
STAGES = get_args(Stage)


def compiled_graph(recorded: Recorded) -> Graph:
    """What is compiled of a function under `jit`, where the small arrays that it has captured are known."""
    captured = [None if is_traced(x) else native(x) for x in recorded.captured]
    first = len(recorded.function.params) - len(captured)
    return graph_of(recorded.function, Known.of(captured, first))


def shown(recorded: Recorded, stage: Stage, level: int | None) -> str:
    """A stage of the machine code of a function; or why there is none."""
    function = recorded.function
    if stage not in STAGES:
        raise DtypeError(f"no stage {stage!r}", mend=f"the stages are {', '.join(STAGES)}")
    reason = choice.reason_against(function, jitted=True)
    if reason is not None:
        return f"{function.name} runs in NumPy: {reason}"
    marked = LineRecorder() if stage == "asm" else None
    program, recorder, names = listed(function, compiled_graph(recorded), marked)
    text = str(program.module)
    match stage:
        case "plan":
            return Plan(names).text(recorder.functions)
        case "buffers":
            return buffers(names, program, recorder.functions)
        case "llvm":
            return text
        case "optimized":
            return str(optimised(text, level))
        case _:
            return readable(assembly(text, level))
