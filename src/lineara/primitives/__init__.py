"""The table of primitives: one record each, by family. `REGISTRY` maps every name to its record."""

from types import ModuleType

from lineara.ir import Primitive
from lineara.primitives import (
    arithmetic,
    comparison,
    contraction,
    conversion,
    decompositions,
    elementary,
    fourier,
    gathering,
    incomplete,
    linalg,
    matrices,
    ordered,
    piecewise,
    reductions,
    shape,
    slicing,
    special,
    spectral,
)
from lineara.primitives.arithmetic import Expr
from lineara.primitives.forms import (
    differentiable,
    elementwise,
    multilinear,
    nondifferentiable,
    not_linear,
)

FAMILIES: tuple[ModuleType, ...] = (
    arithmetic,
    elementary,
    special,
    piecewise,
    comparison,
    conversion,
    shape,
    reductions,
    ordered,
    slicing,
    gathering,
    contraction,
    matrices,
    linalg,
    decompositions,
    spectral,
    fourier,
    incomplete,
)

REGISTRY: dict[str, Primitive] = {
    record.name: record
    for family in FAMILIES
    for record in vars(family).values()
    if isinstance(record, Primitive)
}

__all__ = [
    "FAMILIES",
    "REGISTRY",
    "Expr",
    "differentiable",
    "elementwise",
    "multilinear",
    "nondifferentiable",
    "not_linear",
]
