"""Records of primitives as public API: applying one's own."""

from __future__ import annotations

from typing import Any

from lineara.frontend import trace
from lineara.frontend.trace import is_traced, native, type_of
from lineara.ir import ArrayType, Primitive, infer


def apply(record: Primitive, *operands: Any, **attributes: Any) -> Any:
    """Apply the record of a primitive to arrays or traced values.

    Args:
        record: of the table (`lineara.primitives`), or made with `elementwise`, `multilinear`, `differentiable` or
            `nondifferentiable` of `lineara.primitives`.
        operands: arrays of the shapes and dtypes that the record takes: nothing is broadcast or converted.
        attributes: those of the record.

    Returns:
        The result, or a tuple of them where the record has several.

    Raises:
        ShapeError, DtypeError: operands that the record does not take.

    >>> import numpy as np
    >>> from lineara import apply, grad
    >>> from lineara.primitives import elementwise
    >>> cube = elementwise("cube", "x³", lambda x: x**3, [lambda y, x: 3.0 * x * x])
    >>> grad(lambda x: apply(cube, np.sin(x)))(0.5)
    array(0.60513402)
    """
    if any(map(is_traced, operands)):
        return trace.apply(record, *operands, **attributes)
    arrays = [native(x) for x in operands]
    types = tuple([t for x in arrays if isinstance(t := type_of(x), ArrayType)])
    infer(record, tuple(sorted(attributes.items())), types)
    results = record.evaluate(*arrays, **attributes)
    return results[0] if len(results) == 1 else results
