"""The elementary functions by name: how many operands, the body, and whether it is merged into its callers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lineara.backends.native.elementary import (
    exponential,
    factorials,
    gamma,
    inverse,
    logarithm,
    normal,
    powers,
    trigonometric,
)
from lineara.backends.native.elementary.arithmetic import Value


@dataclass(frozen=True)
class Elementary:
    """A function of reals: `body` takes the arithmetic and the operands."""

    name: str
    body: Callable[..., Value]
    arity: int = 1
    inline: bool = True


_ALL = (
    Elementary("exp", exponential.exp),
    Elementary("exp2", exponential.exp2),
    Elementary("expm1", exponential.expm1),
    Elementary("tanh", exponential.tanh),
    Elementary("logistic", exponential.logistic),
    Elementary("sinh", exponential.sinh),
    Elementary("cosh", exponential.cosh),
    Elementary("log", logarithm.log),
    Elementary("log1p", logarithm.log1p),
    Elementary("log2", logarithm.log2),
    Elementary("log10", logarithm.log10),
    Elementary("atanh", logarithm.atanh, inline=False),
    Elementary("asinh", logarithm.asinh, inline=False),
    Elementary("acosh", logarithm.acosh, inline=False),
    Elementary("cbrt", powers.cbrt),
    Elementary("hypot", powers.hypot, arity=2),
    Elementary("asin", inverse.asin),
    Elementary("acos", inverse.acos),
    Elementary("atan", inverse.atan),
    Elementary("atan2", inverse.atan2, arity=2),
    Elementary("pow", powers.pow_, arity=2, inline=False),
    Elementary("erf", normal.erf, inline=False),
    Elementary("erfc", normal.erfc, inline=False),
    Elementary("lgamma", gamma.lgamma, inline=False),
    Elementary("digamma", gamma.digamma, inline=False),
    Elementary("trigamma", gamma.trigamma, inline=False),
    Elementary("gamma", factorials.gamma, inline=False),
    Elementary("erfcx", normal.erfcx, inline=False),
    Elementary("sin", trigonometric.sin),
    Elementary("cos", trigonometric.cos),
    Elementary("tan", trigonometric.tan),
)
ELEMENTARY: dict[str, Elementary] = {e.name: e for e in _ALL}
