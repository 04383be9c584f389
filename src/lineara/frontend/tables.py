"""The tables: what each of NumPy's functions means on traced arrays, and which of them give views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lineara.frontend import (
    applying,
    counted,
    decompositions,
    fourier,
    functions,
    integers,
    joining,
    linalg,
    padding,
    places,
    polynomials,
    products,
    quantiles,
    reductions,
    sequences,
    shaping,
    special,
    statistics,
    writing,
)
from lineara.frontend.elementwise import BODIES, SPECIAL
from lineara.frontend.ufuncs import Ufunc

Rule = Callable[..., Any]

FOLDS: dict[np.ufunc, Rule] = {
    np.add: reductions.sum_,
    np.multiply: reductions.prod,
    np.maximum: reductions.max_,
    np.minimum: reductions.min_,
    np.logical_and: reductions.all_,
    np.logical_or: reductions.any_,
}
SCANS: dict[np.ufunc, Rule] = {
    np.add: reductions.cumsum,
    np.multiply: reductions.cumprod,
}
UFUNCS: dict[np.ufunc, Rule] = {
    **{
        ufunc: Ufunc(ufunc, body, FOLDS.get(ufunc), SCANS.get(ufunc), SPECIAL.get(ufunc))
        for ufunc, body in {**BODIES, **integers.BODIES}.items()
    },
    np.matmul: products.matmul,
    np.vecdot: products.vecdot,
    np.matvec: products.matvec,
    np.vecmat: products.vecmat,
    **special.UFUNCS,
}

REDUCTIONS: dict[Rule, Rule] = {
    np.sum: reductions.sum_,
    np.prod: reductions.prod,
    np.max: reductions.max_,
    np.min: reductions.min_,
    np.any: reductions.any_,
    np.all: reductions.all_,
    np.argmax: reductions.argmax,
    np.argmin: reductions.argmin,
    np.mean: reductions.mean,
    np.var: reductions.var,
    np.std: reductions.std,
    np.average: reductions.average,
    np.ptp: reductions.ptp,
    np.count_nonzero: reductions.count_nonzero,
    np.cumsum: reductions.cumsum,
    np.cumprod: reductions.cumprod,
    np.nansum: reductions.ignoring_nan(reductions.sum_, 0),
    np.nanprod: reductions.ignoring_nan(reductions.prod, 1),
    np.nancumsum: reductions.ignoring_nan(reductions.cumsum, 0),
    np.nancumprod: reductions.ignoring_nan(reductions.cumprod, 1),
    np.nanmax: reductions.nan_extremum(reductions.max_, -np.inf),
    np.nanmin: reductions.nan_extremum(reductions.min_, np.inf),
    np.nanmean: reductions.nanmean,
    np.nanvar: reductions.nanvar,
    np.nanstd: reductions.nanstd,
    np.sort: reductions.sort,
    np.argsort: reductions.argsort,
    np.trapezoid: functions.trapezoid,
    np.cov: statistics.cov,
    np.corrcoef: statistics.corrcoef,
}

SHAPING: dict[Rule, Rule] = {
    np.reshape: shaping.reshape,
    np.ravel: shaping.ravel,
    np.transpose: shaping.transpose,
    np.matrix_transpose: shaping.matrix_transpose,
    np.moveaxis: shaping.moveaxis,
    np.rollaxis: shaping.rollaxis,
    np.swapaxes: shaping.swapaxes,
    np.expand_dims: shaping.expand_dims,
    np.squeeze: shaping.squeeze,
    np.broadcast_to: shaping.broadcast_array,
    np.broadcast_arrays: shaping.broadcast_arrays,
    np.atleast_1d: shaping.atleast_1d,
    np.atleast_2d: shaping.atleast_2d,
    np.atleast_3d: shaping.atleast_3d,
    np.flip: shaping.flip,
    np.flipud: shaping.flipud,
    np.fliplr: shaping.fliplr,
    np.rot90: shaping.rot90,
    np.roll: shaping.roll,
    np.diagonal: shaping.diagonal,
    np.diag: shaping.diag,
    np.diagflat: shaping.diagflat,
    np.trace: shaping.trace,
    np.tril: shaping.tril,
    np.triu: shaping.triu,
}

JOINING: dict[Rule, Rule] = {
    np.concatenate: joining.concatenate,
    np.stack: joining.stack,
    np.vstack: joining.vstack,
    np.hstack: joining.hstack,
    np.dstack: joining.dstack,
    np.column_stack: joining.column_stack,
    np.block: joining.block,
    np.append: joining.append,
    np.split: joining.split,
    np.array_split: joining.array_split,
    np.vsplit: joining.split_along(0),
    np.hsplit: joining.hsplit,
    np.dsplit: joining.split_along(2),
    np.unstack: joining.unstack,
    np.tile: joining.tile,
    np.repeat: joining.repeat,
    np.pad: padding.pad,
    np.take: joining.take,
    np.take_along_axis: joining.take_along_axis,
    np.diff: joining.diff,
    np.ediff1d: joining.ediff1d,
    np.delete: joining.delete,
    np.compress: joining.compress,
}

PRODUCTS: dict[Rule, Rule] = {
    np.dot: products.dot,
    np.vdot: products.vdot,
    np.inner: products.inner,
    np.outer: products.outer,
    np.tensordot: products.tensordot,
    np.einsum: products.einsum,
    np.convolve: statistics.convolve,
    np.correlate: statistics.correlate,
    np.kron: products.kron,
    np.cross: products.cross,
    np.linalg.norm: linalg.norm,
    np.linalg.vector_norm: linalg.vector_norm,
    np.linalg.matrix_norm: linalg.matrix_norm,
    np.linalg.multi_dot: linalg.multi_dot,
    np.linalg.matrix_power: linalg.matrix_power,
    np.linalg.outer: products.outer,
    np.linalg.cross: linalg.cross,
    np.linalg.trace: linalg.trace,
    np.linalg.diagonal: linalg.diagonal,
    np.linalg.matmul: products.matmul,
    np.linalg.vecdot: products.vecdot,
    np.linalg.tensordot: products.tensordot,
    np.linalg.matrix_transpose: shaping.matrix_transpose,
}

GENERAL: dict[Rule, Rule] = {
    np.where: functions.where,
    np.select: functions.select,
    np.clip: functions.clip,
    np.zeros_like: functions.zeros_like,
    np.empty_like: functions.zeros_like,
    np.ones_like: functions.ones_like,
    np.full_like: functions.full_like,
    np.copy: functions.copy,
    np.real: functions.real,
    np.imag: functions.imag,
    np.angle: functions.angle,
    np.iscomplexobj: functions.iscomplexobj,
    np.isrealobj: functions.isrealobj,
    np.isreal: functions.isreal,
    np.iscomplex: functions.iscomplex,
    np.shape: functions.shape,
    np.ndim: functions.ndim,
    np.size: functions.size,
    np.nan_to_num: functions.nan_to_num,
    np.isclose: functions.isclose,
    np.allclose: functions.allclose,
    np.array_equal: functions.array_equal,
    np.array_equiv: functions.array_equiv,
    np.sinc: functions.sinc,
    np.round: functions.round_,
    np.around: functions.round_,
    np.fix: functions.fix,
    np.linspace: functions.linspace,
    np.logspace: statistics.logspace,
    np.interp: functions.interp,
    np.gradient: statistics.gradient,
    np.searchsorted: statistics.searchsorted,
    np.isin: statistics.isin,
    np.polyval: functions.polyval,
    np.vander: functions.vander,
    np.meshgrid: functions.meshgrid,
    np.array_repr: functions.representation,
    np.array_str: functions.representation,
    np.result_type: functions.result_dtype,
    np.can_cast: functions.can_cast,
    np.may_share_memory: functions.may_share_memory,
    np.shares_memory: functions.may_share_memory,
}

REFUSED: dict[Rule, Rule] = {
    function: counted.refused(function, instead)
    for function, instead in (
        (np.roots, "np.linalg.eigvals of the companion matrix"),
        (np.polydiv, "np.convolve with the reciprocal series"),
    )
}

FUNCTIONS: dict[Rule, Rule] = {
    **REDUCTIONS,
    **SHAPING,
    **JOINING,
    **PRODUCTS,
    **GENERAL,
    **REFUSED,
    **counted.FUNCTIONS,
    **quantiles.FUNCTIONS,
    **places.FUNCTIONS,
    **sequences.FUNCTIONS,
    **polynomials.FUNCTIONS,
    **applying.FUNCTIONS,
    **writing.FUNCTIONS,
    **decompositions.FUNCTIONS,
    **fourier.FUNCTIONS,
    **special.FUNCTIONS,
}

VIEWS: dict[Rule, bool] = {
    **dict.fromkeys(
        (
            np.transpose,
            np.matrix_transpose,
            np.moveaxis,
            np.rollaxis,
            np.swapaxes,
            np.expand_dims,
            np.squeeze,
            np.flip,
            np.flipud,
            np.fliplr,
            np.rot90,
            np.split,
            np.array_split,
            np.vsplit,
            np.hsplit,
            np.dsplit,
            np.unstack,
        ),
        True,
    ),
    **dict.fromkeys(
        (
            np.reshape,
            np.ravel,
            np.broadcast_to,
            np.broadcast_arrays,
            np.atleast_1d,
            np.atleast_2d,
            np.atleast_3d,
            np.diagonal,
            np.diag,
            np.real,
            np.imag,
            np.meshgrid,
            np.linalg.diagonal,
        ),
        False,
    ),
}
"""The functions whose results share memory with their first operand: always so that it can be written, or not."""
