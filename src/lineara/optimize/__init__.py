"""Simplifications: separate stages, each of which keeps values, types and marked recomputations."""

from lineara.optimize.broadcasts import late_broadcasts
from lineara.optimize.scalings import joined_scalings
from lineara.optimize.simplify import (
    SIMPLIFICATIONS,
    common_subexpressions,
    dead_code,
    literals,
    simplify,
    zeros,
)

__all__ = [
    "SIMPLIFICATIONS",
    "common_subexpressions",
    "dead_code",
    "joined_scalings",
    "late_broadcasts",
    "literals",
    "simplify",
    "zeros",
]
