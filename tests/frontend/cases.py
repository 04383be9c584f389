"""Programs of one traced argument, by the NumPy function that they are about, and the arguments that they are tried on."""

import numpy as np
from scipy import special

RNG = np.random.default_rng(20)


def sample(shape, dtype, low=-2.0, high=2.0):
    """Values in a range, of any dtype."""
    dtype = np.dtype(dtype)
    values = RNG.uniform(low, high, shape)
    if dtype.kind == "c":
        values = values + 1j * RNG.uniform(low, high, shape)
    if dtype.kind == "b":
        return np.asarray(values > 0)
    if dtype.kind in "iu":
        low = max(low, 0) if dtype.kind == "u" else low
        values = np.floor(RNG.uniform(3 * low, 3 * high, shape))
    return np.asarray(values).astype(dtype)


REAL = ("f8", "f4")
INEXACT = (*REAL, "c16", "c8")
NUMBER = (*INEXACT, "i8", "i4", "u1")
ALL = (*NUMBER, "?")

UNARY = {
    ufunc: (dtypes, low, high)
    for ufuncs, dtypes, low, high in (
        (
            [np.sin, np.cos, np.exp, np.sinh, np.cosh, np.tanh, np.arctan, np.arcsinh, np.expm1],
            (*INEXACT, "i8"),
            -0.9,
            0.9,
        ),
        ([np.tan, np.arcsin, np.arccos, np.arctanh], INEXACT, -0.8, 0.8),
        ([np.exp2, np.log1p], (*INEXACT, "i4"), 0.1, 1.0),
        ([np.log, np.log2, np.log10, np.sqrt], (*INEXACT, "i8", "i2"), 0.5, 3.0),
        ([np.arccosh], INEXACT, 1.2, 3.0),
        ([np.cbrt], (*REAL, "i8"), 0.5, 3.0),
        ([np.negative, np.square], NUMBER, -2, 2),
        ([np.positive], NUMBER, -2, 2),
        ([np.absolute, np.conjugate, np.sign], NUMBER, -2, 2),
        ([np.reciprocal], INEXACT, 0.5, 2),
        ([np.fabs, np.deg2rad, np.radians, np.rad2deg, np.degrees], (*REAL, "i8"), -2, 2),
        ([np.floor, np.ceil, np.trunc], (*REAL, "i8", "u1", "?"), -2, 2),
        ([np.rint], (*REAL, "i8"), -2, 2),
        ([np.isnan, np.isinf, np.isfinite, np.logical_not], ALL, -2, 2),
        ([np.signbit], (*REAL, "i8", "i2"), -2, 2),
        ([np.invert], ("i8", "u1", "?"), -2, 2),
        ([special.erf, special.erfc, special.expit], REAL, -2, 2),
        ([special.gammaln, special.digamma], REAL, 0.5, 4),
        ([special.logit], REAL, 0.1, 0.9),
        ([special.log_expit, special.ndtr, special.exp10], REAL, -1, 1),
        ([special.entr], REAL, 0.1, 2),
    )
    for ufunc in ufuncs
}

BINARY = {
    ufunc: (dtypes, low, high)
    for ufuncs, dtypes, low, high in (
        ([np.add, np.multiply], ALL, -2, 2),
        ([np.subtract], NUMBER, -2, 2),
        ([np.divide], ALL, 0.5, 3),
        ([np.power, np.float_power], (*NUMBER,), 0.5, 2),
        ([np.floor_divide, np.remainder, np.fmod, np.divmod], (*REAL, "i8", "u1"), 1, 3),
        ([np.maximum, np.minimum, np.fmax, np.fmin], (*REAL, "i8", "u1", "?"), -2, 2),
        ([np.equal, np.not_equal], ALL, -2, 2),
        ([np.less, np.less_equal, np.greater, np.greater_equal], (*REAL, "i8", "u1", "?"), -2, 2),
        ([np.logical_and, np.logical_or, np.logical_xor], ALL, -2, 2),
        ([np.bitwise_and, np.bitwise_or, np.bitwise_xor], ("i8", "i2", "u1", "?"), -2, 2),
        ([np.left_shift, np.right_shift], ("i8", "i4"), 0, 1),
        ([np.arctan2, np.hypot, np.copysign, np.logaddexp, np.logaddexp2], (*REAL, "i8"), 0.5, 3),
        ([np.heaviside], REAL, -2, 2),
        ([special.xlogy, special.xlog1py, special.betaln], REAL, 0.5, 3),
    )
    for ufunc in ufuncs
}
