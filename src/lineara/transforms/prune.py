"""Dead code: equations whose values nobody needs go, through calls too.

    def f(x: f64) -> f64 =                 def f(x: f64) -> f64 =
      let s = sin(x)                         let c = cos(x)
      let () = drop s                        c
      let c = cos(x)
      c

A linear value that is dropped was not needed either: what made it goes, and its operands are dropped instead.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from lineara.ir import Builder, Call, Drop, Equation, Function, Scan, Switch, Var, While, memoised
from lineara.transforms.loop import prune_while
from lineara.transforms.scan import prune_scan
from lineara.transforms.switch import prune_switch

Mask = tuple[bool, ...]


def prune(function: Function, keep: Mask | None = None) -> Function:
    """The function with the results that `keep` names (by default all), and only what they need.

    Parameters stay, dropped where they are not needed. Linear results follow the others in `keep`.
    """
    count = len(function.results) + len(function.linear_results)
    params = len(function.params) + len(function.linear_params)
    pruned, _ = _prune(function, keep or (True,) * count, (True,) * params)
    return pruned


@memoised
def _prune(
    function: Function, keep: Mask, forced: Mask
) -> Generator[Any, Any, tuple[Function, Mask]]:
    """The pruned function, and which parameters it has: the needed ones, and those that are forced to stay."""
    both = (*function.results, *function.linear_results)
    results = [v for v, wanted in zip(both, keep, strict=True) if wanted]
    needed: set[Var] = set(results)
    kept: list[Equation] = []
    for e in reversed(function.equations):
        if isinstance(e.op, Drop) or needed.isdisjoint(e.outputs):
            continue
        match e.op:
            case Call(rule=None):
                e = yield from _prune_call(e, e.op, needed)
            case Switch():
                e = yield from prune_switch(e, e.op, needed)
            case Scan():
                e = yield from prune_scan(e, e.op, needed)
            case While():
                e = yield from prune_while(e, e.op, needed)
        kept.append(e)
        needed.update(e.inputs)
    params = (*function.params, *function.linear_params)
    stays = tuple([on or v in needed for v, on in zip(params, forced, strict=True)])
    if all(keep) and all(stays) and _same(kept[::-1], function):
        return function, stays
    staying = {v for v, on in zip(params, stays, strict=True) if on}
    builder = Builder(function.name, function.origin)
    builder.params = [v for v in function.params if v in staying]
    builder.linear_params = [v for v in function.linear_params if v in staying]
    builder.equations = kept[::-1]
    zones = ([v for v in results if not v.linear], [v for v in results if v.linear])
    return builder.finish(*zones), stays


def _same(kept: list[Equation], function: Function) -> bool:
    """Whether nothing goes: then the function stays itself, and those that call it may share it."""
    before = [e for e in function.equations if not isinstance(e.op, Drop)]
    return len(kept) == len(before) and all([a is b for a, b in zip(kept, before, strict=True)])


def _prune_call(e: Equation, op: Call, needed: set[Var]) -> Generator[Any, Any, Equation]:
    """A call of a callee that loses results and parameters."""
    keep = tuple([v in needed for v in e.outputs])
    callee, taken = yield op.function, keep, (False,) * len(e.inputs)
    if callee is op.function:
        return e
    return Equation(
        Call(callee, op.checkpoint),
        tuple([v for v, wanted in zip(e.inputs, taken, strict=True) if wanted]),
        tuple([v for v in e.outputs if v in needed]),
        e.origin,
        recompute=e.recompute,
    )
