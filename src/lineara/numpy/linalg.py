"""The extension `linalg` of the array API standard, NumPy's further functions, and SciPy's of use beside them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import scipy.linalg
from numpy.linalg import (
    LinAlgError,
    cholesky,
    cond,
    cross,
    det,
    diagonal,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    inv,
    lstsq,
    matmul,
    matrix_norm,
    matrix_power,
    matrix_rank,
    matrix_transpose,
    multi_dot,
    norm,
    outer,
    pinv,
    qr,
    slogdet,
    solve,
    svd,
    svdvals,
    tensordot,
    tensorinv,
    tensorsolve,
    trace,
    vecdot,
    vector_norm,
)

from lineara.frontend import decompositions
from lineara.frontend.promotion import Array
from lineara.frontend.trace import is_traced

__all__ = [
    "LinAlgError",
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "expm",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "vecdot",
    "vector_norm",
]


def expm(a: Any) -> Array:
    """The matrix exponential, also of a batch; of ordinary arrays `scipy.linalg.expm`.

    Traced matrices are of norms up to 10⁵.

    Raises:
        LinAlgError: an argument that is not square.

    >>> import numpy as np
    >>> import lineara
    >>> lineara.grad(lambda t: expm(t * np.array([[0.0, 1.0], [0.0, 0.0]]))[0, 1])(0.5)
    array(1.)
    """
    return decompositions.expm(a) if is_traced(a) else scipy.linalg.expm(a)


def solve_triangular(
    a: Any,
    b: Any,
    *,
    lower: bool = False,
    transposed: bool = False,
    unit_diagonal: bool = False,
) -> Array:
    """The x with a x = b, or aᵀ x = b, of which a triangle of a is read; also of a batch.

    Args:
        a: square matrices; b: matrices, or vectors where it has one axis less than a.
        lower: read the lower triangle; unit_diagonal: take the diagonal as 1.

    Raises:
        LinAlgError: a singular triangle of an ordinary array.

    >>> import numpy as np
    >>> solve_triangular(np.array([[2.0, 1.0], [0.0, 4.0]]), np.array([4.0, 8.0])).tolist()
    [1.0, 2.0]
    """
    flags = {"lower": lower, "unit_diagonal": unit_diagonal}
    if is_traced(a) or is_traced(b):
        return decompositions.solve_triangular(a, b, transposed=transposed, **flags)
    solve_one = partial(scipy.linalg.solve_triangular, trans=int(transposed), **flags)
    axes = "(n)" if np.ndim(b) == np.ndim(a) - 1 else "(n,k)"
    return np.vectorize(solve_one, signature=f"(n,n),{axes}->{axes}")(a, b)
