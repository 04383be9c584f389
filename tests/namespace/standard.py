"""The names of the Python array API standard 2024.12 (https://data-apis.org/array-api/2024.12/), by section."""

MAIN = {
    "constants": "e inf nan newaxis pi",
    "creation functions": """
        arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones
        ones_like tril triu zeros zeros_like""",
    "data type functions": "astype can_cast finfo iinfo isdtype result_type",
    "data types": """
        bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64
        complex128""",
    "element-wise functions": """
        abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_invert
        bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp
        expm1 floor floor_divide greater greater_equal hypot imag isfinite isinf isnan less
        less_equal log log1p log2 log10 logaddexp logical_and logical_not logical_or logical_xor
        maximum minimum multiply negative nextafter not_equal positive pow real reciprocal remainder
        round sign signbit sin sinh square sqrt subtract tan tanh trunc""",
    "indexing functions": "take take_along_axis",
    "inspection": "__array_namespace_info__",
    "linear algebra functions": "matmul matrix_transpose tensordot vecdot",
    "manipulation functions": """
        broadcast_arrays broadcast_to concat expand_dims flip moveaxis permute_dims repeat reshape
        roll squeeze stack tile unstack""",
    "searching functions": "argmax argmin count_nonzero nonzero searchsorted where",
    "set functions": "unique_all unique_counts unique_inverse unique_values",
    "sorting functions": "argsort sort",
    "statistical functions": """
        cumulative_prod cumulative_sum max mean min prod std sum var""",
    "utility functions": "all any diff",
}
LINALG = """
    cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power matrix_rank
    matrix_transpose outer pinv qr slogdet solve svd svdvals tensordot trace vecdot vector_norm"""
FFT = """
    fft ifft fftn ifftn rfft irfft rfftn irfftn hfft ihfft fftfreq rfftfreq fftshift ifftshift"""
ARRAY = """
    dtype device mT ndim shape size T __abs__ __add__ __and__ __array_namespace__ __bool__
    __complex__ __eq__ __float__ __floordiv__ __ge__ __getitem__ __gt__ __index__ __int__ __invert__
    __le__ __lshift__ __lt__ __matmul__ __mod__ __mul__ __ne__ __neg__ __or__ __pos__ __pow__
    __rshift__ __setitem__ __sub__ __truediv__ __xor__ to_device"""

FUNCTIONS = {
    *(n for section in MAIN if section != "constants" for n in MAIN[section].split()),
    *(f"linalg.{n}" for n in LINALG.split()),
    *(f"fft.{n}" for n in FFT.split()),
} - set(MAIN["data types"].split())
