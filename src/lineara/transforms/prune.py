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

from lineara.ir import Builder, Call, Drop, Equation, Function, Var, memoised

Mask = tuple[bool, ...]


def prune(function: Function, keep: Mask | None = None) -> Function:
    """The function with the results that `keep` names (by default all), and only what they need.

    Parameters stay, dropped where they are not needed. Linear results follow the others in `keep`.
    """
    count = len(function.results) + len(function.linear_results)
    pruned, _ = _prune(function, keep or (True,) * count, False)
    return pruned


@memoised
def _prune(
    function: Function, keep: Mask, narrow: bool
) -> Generator[Any, Any, tuple[Function, Mask]]:
    """The pruned function, and which parameters it has: the needed ones if `narrow`, else all."""
    both = (*function.results, *function.linear_results)
    results = [v for v, wanted in zip(both, keep, strict=True) if wanted]
    needed: set[Var] = set(results)
    kept: list[Equation] = []
    for e in reversed(function.equations):
        if isinstance(e.op, Drop) or needed.isdisjoint(e.outputs):
            continue
        if isinstance(e.op, Call):
            wanted = tuple([v in needed for v in e.outputs])
            callee, taken = yield e.op.function, wanted, True
            e = _narrowed(e, callee, wanted, taken)
        kept.append(e)
        needed.update(e.inputs)
    builder = Builder(function.name, function.origin)
    builder.params = [v for v in function.params if not narrow or v in needed]
    builder.linear_params = [v for v in function.linear_params if not narrow or v in needed]
    builder.equations = kept[::-1]
    params = tuple([not narrow or v in needed for v in (*function.params, *function.linear_params)])
    zones = ([v for v in results if not v.linear], [v for v in results if v.linear])
    return builder.finish(*zones), params


def _narrowed(e: Equation, callee: Function, results: Mask, params: Mask) -> Equation:
    """A call of a callee that lost results and parameters."""
    assert isinstance(e.op, Call)
    return Equation(
        Call(callee, e.op.checkpoint),
        tuple([v for v, wanted in zip(e.inputs, params, strict=True) if wanted]),
        tuple([v for v, wanted in zip(e.outputs, results, strict=True) if wanted]),
        e.origin,
        recompute=e.recompute,
    )
