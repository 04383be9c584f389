import ctypes
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
import scipy.special
from llvmlite import ir

from lineara.backends.native.compile import load, object_code
from lineara.backends.native.library import address, loop_symbols, symbols
from lineara.backends.native.procedure import Procedure
from lineara.ir import ArrayType, infer
from lineara.primitives import REGISTRY, nondifferentiable

LONG, POINTER = ir.IntType(64), ir.PointerType()
ROUTINES = {name: r for name, r in REGISTRY.items() if r.routine is not None}
INDEX = np.dtype(np.int64)


@dataclass
class Block:
    type: ArrayType
    pointer: object


class Kernel:
    """A function that is one routine, on contiguous arrays."""

    def __init__(self, record, operands, attributes):
        self.results = infer(record, attributes, operands)
        self.module = ir.Module("kernel")
        signature = ir.FunctionType(ir.IntType(32), [POINTER] * 3)
        function = ir.Function(self.module, signature, "kernel")
        self.builder = ir.IRBuilder(function.append_basic_block("entry"))
        self.inputs, self.outputs, self.workspace = function.args
        self.bytes, self.failures = 64, []
        m = Procedure(self.builder, self.module, self.scratch, self.fail_if)
        given = [self.block(self.inputs, i, t) for i, t in enumerate(operands)]
        made = [self.block(self.outputs, i, t) for i, t in enumerate(self.results)]
        record.routine(m, given, made, **dict(attributes))
        self.builder.ret(ir.IntType(32)(0))
        code = object_code(str(self.module), 1)
        self.library = load(code, ["kernel"], symbols(code))

    def block(self, table, place, type_):
        at = self.builder.gep(table, [LONG(place)], source_etype=POINTER)
        return Block(type_, self.builder.load(at, typ=POINTER))

    def scratch(self, size):
        start, self.bytes = self.bytes, self.bytes + (size + 63) // 64 * 64
        with self.builder.goto_entry_block():
            return self.builder.gep(self.workspace, [LONG(start)], source_etype=ir.IntType(8))

    def fail_if(self, condition, make_exception, *details):
        self.failures.append(make_exception)
        with self.builder.if_then(condition, likely=False):
            for i, detail in enumerate(details):
                at = self.builder.gep(self.workspace, [LONG(i)], source_etype=LONG)
                self.builder.store(detail, at)
            self.builder.ret(ir.IntType(32)(len(self.failures)))

    def __call__(self, *operands):
        results = [np.full(t.shape, 77, t.dtype) for t in self.results]
        workspace = np.zeros(self.bytes + 128, np.uint8)
        start = -workspace.ctypes.data % 64
        tables = [
            (ctypes.c_void_p * (1 + len(arrays)))(*[a.ctypes.data for a in arrays])
            for arrays in (operands, results)
        ]
        kernel = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 3)(self.library["kernel"])
        code = kernel(*map(ctypes.addressof, tables), workspace.ctypes.data + start)
        if code:
            details = workspace[start:][:32].view(np.int64)
            raise self.failures[code - 1](tuple(map(int, details)))
        return results


def draw(rng, type_, low=-2.0, high=2.0):
    kind, shape = type_.dtype.kind, type_.shape
    if kind in "iu" and low >= 0:
        return rng.integers(int(low), int(high), shape).astype(type_.dtype)
    if kind in "biu":
        return rng.integers(0 if kind != "i" else -5, 2 if kind == "b" else 6, shape).astype(
            type_.dtype
        )
    value = rng.uniform(low, high, shape)
    if kind == "c":
        value = value + 1j * rng.uniform(low, high, shape)
    return np.asarray(value, type_.dtype)


def admitted(record, operands, low=-2.0, high=2.0):
    rng = np.random.default_rng(3)
    for _ in range(10_000):
        values = [draw(rng, t, low, high) for t in operands]
        if record.admits is None or record.admits(*values):
            return values
    raise AssertionError("no sample is admitted")


ROUNDED = {
    "solve",
    "triangular_solve",
    "cholesky",
    "det",
    "slogdet",
    "polygamma",
    "gammainc",
    "betainc",
    "zeta",
    "contract",
    "cumprod",
    "recurrence",
    "cofactors",
    "pinv",
}
"""Where NumPy may round products otherwise, or sums series in another order."""


def agree(record, given, meant):
    for x, y in zip(given, meant, strict=True):
        assert (x.dtype, x.shape) == (y.dtype, y.shape)
        single = np.finfo(x.dtype).eps > 1e-10 if x.dtype.kind in "fc" else False
        if record.name in ROUNDED and x.dtype.kind in "fc":
            np.testing.assert_allclose(
                x, y, rtol=1e-5 if single else 1e-12, atol=1e-6 if single else 1e-13
            )
        else:
            np.testing.assert_array_equal(x, y)
            assert x.tobytes() == y.tobytes() or not x.size or np.any(np.isnan(x)) or np.any(x == 0)


def check(record, operands, attributes, values):
    copies = [v.copy() for v in values]
    given = Kernel(record, operands, attributes)(*values)
    for before, after in zip(copies, values, strict=True):
        assert before.tobytes() == after.tobytes(), "an operand was written"
    agree(record, given, record.evaluate(*copies, **dict(attributes)))


@pytest.mark.parametrize(
    ("name", "place"),
    [(name, i) for name, record in ROUTINES.items() for i in range(len(record.examples))],
)
def test_a_routine_is_its_evaluation(name, place):
    record = ROUTINES[name]
    example = record.examples[place]
    values = admitted(record, example.operands, example.low, example.high)
    check(record, example.operands, example.attributes, values)


def sampled(record, *types, low=-2.0, high=2.0, **attributes):
    """Check a record at operands of these types."""
    operands = tuple(ArrayType(dtype, shape) for dtype, shape in types)
    given = tuple(sorted(attributes.items()))
    check(record, operands, given, admitted(record, operands, low, high))


INEXACT = ("f64", "f32", "c128", "c64")
MATRICES = ("cofactors", "det", "slogdet", "eigh", "eig", "svd", "qr")


@pytest.mark.parametrize("dtype", INEXACT)
@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("shape", [(2, 3, 2, 2), (0, 3, 3), (2, 0, 0), (3, 3)])
def test_decompositions_of_batches_and_of_nothing(name, shape, dtype):
    sampled(REGISTRY[name], (dtype, shape), low=-1)


@pytest.mark.parametrize("dtype", INEXACT)
@pytest.mark.parametrize("shape", [(3, 5, 2), (2, 2, 4), (2, 0, 4), (2, 4, 0), (0, 3, 2)])
@pytest.mark.parametrize(
    ("name", "attributes"), [("svd", {}), ("qr", {}), ("pinv", {"rcond": 1e-6})]
)
def test_decompositions_of_rectangles(name, attributes, shape, dtype):
    sampled(REGISTRY[name], (dtype, shape), **attributes)


@pytest.mark.parametrize("dtype", INEXACT)
@pytest.mark.parametrize("size", [1, 2, 40])
def test_cholesky_of_larger_matrices(dtype, size):
    rng = np.random.default_rng(1)
    type_ = ArrayType(dtype, (3, size, size))
    half = draw(rng, type_)
    positive = half @ np.conj(half.swapaxes(-1, -2)) + size * np.eye(size, dtype=type_.dtype)
    check(REGISTRY["cholesky"], (type_,), (), [positive])


@pytest.mark.parametrize("dtype", INEXACT)
@pytest.mark.parametrize(
    ("batch", "size", "count"), [((2, 2), 3, 2), ((), 30, 17), ((0,), 2, 1), ((2,), 2, 0)]
)
def test_systems(batch, size, count, dtype):
    rng = np.random.default_rng(1)
    operands = ArrayType(dtype, (*batch, size, size)), ArrayType(dtype, (*batch, size, count))
    a, b = (draw(rng, t) for t in operands)
    a += 3 * size * np.eye(size, dtype=a.dtype)
    for transposed in (False, True):
        check(REGISTRY["solve"], operands, (("transposed", transposed),), [a, b])
        for lower, unit in product((False, True), repeat=2):
            flags = {"lower": lower, "transposed": transposed, "unit_diagonal": unit}
            check(REGISTRY["triangular_solve"], operands, tuple(flags.items()), [a, b])


SINGULAR = [
    ("solve", (np.zeros((2, 2)), np.ones((2, 1))), {"transposed": False}),
    ("solve", (np.ones((3, 2, 2)), np.ones((3, 2, 0))), {"transposed": True}),
    ("cholesky", (-np.eye(3),), {}),
    ("cholesky", (np.stack([np.eye(2), -np.eye(2)]).astype("f4"),), {}),
    ("eig", (np.full((2, 2), np.nan),), {}),
    ("eig", (np.array([[[1, 2], [3, np.inf]]], "c8"),), {}),
    ("svd", (np.full((2, 3), np.nan),), {}),
    ("svd", (np.diag([np.inf, 1, 1]),), {}),
    ("pinv", (np.full((2, 3), np.nan),), {"rcond": 0.1}),
    ("pinv", (np.diag([np.inf, 1, 1]),), {"rcond": 0.1}),
    ("cofactors", (np.diag([np.inf, 1, 1, 1, 1]),), {}),
    ("cofactors", (np.diag([np.inf, 1, 1]),), {}),
    ("cofactors", (np.full((2, 2), np.nan),), {}),
    (
        "triangular_solve",
        (np.diag([1.0, 2, 0]), np.ones((3, 1))),
        {"lower": True, "transposed": False, "unit_diagonal": False},
    ),
]


@pytest.mark.parametrize(("name", "values", "attributes"), SINGULAR)
def test_a_failed_decomposition_is_the_error_of_the_reference(name, values, attributes):
    record = REGISTRY[name]
    operands = tuple(ArrayType(v.dtype, v.shape) for v in values)
    kernel = Kernel(record, operands, tuple(attributes.items()))
    with pytest.raises(np.linalg.LinAlgError) as meant:
        record.evaluate(*values, **attributes)
    for _ in range(2):
        with pytest.raises(np.linalg.LinAlgError) as given:
            kernel(*values)
        assert str(given.value) == str(meant.value)


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_the_first_zero_on_a_diagonal_is_named(size):
    record = REGISTRY["triangular_solve"]
    a = np.tile(np.eye(size), (19, 1, 1))
    a[11, 0, 0] = a[6, size - 1, size - 1] = 0
    b = np.ones((19, size, 1))
    flags = {"lower": False, "transposed": False, "unit_diagonal": False}
    kernel = Kernel(record, tuple(ArrayType("f64", v.shape) for v in (a, b)), tuple(flags.items()))
    with pytest.raises(np.linalg.LinAlgError, match=f"diagonal {size - 1}$"):
        kernel(a, b)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", INEXACT)
def test_small_matrices_in_batches_and_their_special_values(size, dtype):
    rng = np.random.default_rng(size)
    type_ = ArrayType(dtype, (2, 11, size, size))
    values = draw(rng, type_)
    values[0, 3] = 0
    values[1, 9, 0, 0] = np.nan
    with np.errstate(all="ignore"):
        for name in ("det", "slogdet"):
            check(REGISTRY[name], (type_,), (), [values])
    values = values @ np.conj(values.swapaxes(-1, -2)) + np.eye(size, dtype=type_.dtype)
    check(REGISTRY["cholesky"], (type_,), (), [values])
    check(REGISTRY["solve"], (type_, type_), (("transposed", True),), [values, values])


def test_flags_from_before_are_no_failure():
    record, operands = REGISTRY["cholesky"], (ArrayType("f64", (2, 2)),)
    kernel = Kernel(record, operands, ())
    with np.errstate(all="ignore"), np.nditer([np.zeros(3)]):
        ctypes.CDLL(None).feraiseexcept(1)
        np.testing.assert_array_equal(kernel(np.eye(2))[0], np.eye(2))


@pytest.mark.parametrize("size", [1, 2, 9, 60])
@pytest.mark.parametrize("single", [False, True])
def test_fourier_transforms(size, single):
    of, real = ("c64", "f32") if single else ("c128", "f64")
    for axis, shape in enumerate([(size, 3, 2), (2, size, 3), (2, 3, size)]):
        sampled(REGISTRY["fft"], (of, shape), axis=axis, inverse=size % 2 == 0)
        sampled(REGISTRY["rfft"], (real, shape), axis=axis)
        half = (*shape[:axis], size // 2 + 1, *shape[axis + 1 :])
        sampled(REGISTRY["half_spectrum"], (of, half), axis=axis, size=size)


NUMBERS = ("i8", "i64", "u16", *INEXACT)


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize(
    ("shape", "axis"), [((4, 9, 2), 1), ((3, 5), 1), ((1, 12), 0), ((0, 3), 0)]
)
def test_running_sums_products_and_recurrences(shape, axis, dtype):
    for reverse in (False, True):
        sampled(REGISTRY["cumsum"], (dtype, shape), axis=axis, reverse=reverse)
        sampled(REGISTRY["recurrence"], *[(dtype, shape)] * 2, axis=axis, reverse=reverse)
    sampled(REGISTRY["cumprod"], (dtype, shape), axis=axis)


def check_order(values, axis):
    operands = (ArrayType(values.dtype, values.shape),)
    for name in ("sort", "argsort", "argmax", "argmin"):
        check(REGISTRY[name], operands, (("axis", axis),), [values])


@pytest.mark.parametrize("dtype", ["f64", "f32", "i8", "u64", "bool"])
@pytest.mark.parametrize("size", [1, 7, 16, 1001])
def test_sorting(size, dtype):
    rng = np.random.default_rng(size)
    for axis, shape in enumerate([(size, 3), (2, size)]):
        check_order(draw(rng, ArrayType(dtype, shape), low=-1e3, high=1e3), axis)


def test_sorting_puts_nan_last_and_keeps_equal_elements_in_order():
    rng = np.random.default_rng(0)
    values = rng.choice([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0], (40, 23))
    given = Kernel(REGISTRY["sort"], (ArrayType("f64", values.shape),), (("axis", 1),))(values)
    assert given[0].tobytes() == np.sort(values, 1, kind="stable").tobytes()
    check_order(values, 0)
    check_order(np.sort(rng.normal(size=500))[::-1].copy(), 0)


def test_taking_at_indices_that_repeat():
    rng = np.random.default_rng(0)
    x, i = rng.normal(size=(5, 4, 3)), rng.integers(0, 4, (3, 7))
    operands = ArrayType("f64", x.shape), ArrayType("i32", i.shape)
    check(REGISTRY["take_at"], operands, (("axes", (1,)),), [x, i.astype("i4")])


@pytest.mark.parametrize("indices", [[0, 3], [-1, 2], [4, -2]])
def test_taking_out_of_range(indices):
    values = np.zeros(3), np.array(indices)
    operands = tuple(ArrayType(v.dtype, v.shape) for v in values)
    with pytest.raises(IndexError) as meant:
        REGISTRY["take_at"].evaluate(*values, axes=(0,))
    with pytest.raises(IndexError) as given:
        Kernel(REGISTRY["take_at"], operands, (("axes", (0,)),))(*values)
    assert str(given.value) == str(meant.value)


SPECIAL = [
    ("polygamma", 1, {"n": 2}),
    ("bessel_i", 1, {"n": 3}),
    ("bessel_j", 1, {"n": 1}),
    ("gammaincc", 2, {}),
    ("gammainc", 2, {"order": 1}),
    ("betainc", 3, {"orders": (0, 1)}),
    ("betainc", 3, {"orders": (2, 1)}),
    ("zeta", 2, {"order": 0}),
    ("zeta", 2, {"order": 3}),
]


@pytest.mark.parametrize("dtype", ["f64", "f32"])
@pytest.mark.parametrize(("name", "arity", "attributes"), SPECIAL)
def test_special_functions_of_many_elements(name, arity, attributes, dtype):
    high = 0.95 if name == "betainc" else 30.0
    sampled(REGISTRY[name], *[(dtype, (3, 211))] * arity, low=0.05, high=high, **attributes)


@pytest.mark.parametrize(("name", "arity", "attributes"), SPECIAL)
def test_special_functions_outside_of_their_domains(name, arity, attributes):
    edges = np.array([0.0, 1.0, 0.5, np.nan, -1.5, 2.0, 1e3, np.inf, -np.inf, -0.0])
    edges = edges[: 5 if arity == 3 else None]
    values = [v.ravel().copy() for v in np.meshgrid(*[edges] * arity)]
    operands = tuple(ArrayType(v.dtype, v.shape) for v in values)
    given = Kernel(REGISTRY[name], operands, tuple(attributes.items()))(*values)
    with np.errstate(all="ignore"):
        meant = REGISTRY[name].evaluate(*values, **attributes)
    np.testing.assert_allclose(given[0], meant[0], rtol=1e-11, atol=1e-13)


def by_gemm(m, operands, results):
    """Rows are contiguous here, columns there: the product of the transposed matrices, in the other order."""
    (a, b), (c,) = operands, results
    (rows, depth), columns = a.type.shape, b.type.shape[1]
    pointers = (b.pointer, columns, a.pointer, depth, 0.0, c.pointer, columns, c.type.dtype)
    m.gemm(False, False, columns, rows, depth, 1.0, *pointers)


@pytest.mark.parametrize("dtype", INEXACT)
def test_products_by_blas(dtype):
    record = nondifferentiable(
        "product",
        "a b",
        lambda a, b: a @ b,
        lambda a, b: (ArrayType(a.dtype, (a.shape[0], b.shape[1])),),
        family="tests",
        examples=(),
        routine=by_gemm,
    )
    rng = np.random.default_rng(0)
    operands = ArrayType(dtype, (7, 5)), ArrayType(dtype, (5, 9))
    a, b = (draw(rng, t) for t in operands)
    given = Kernel(record, operands, ())(a, b)[0]
    np.testing.assert_allclose(given, a @ b, rtol=1e-5 if dtype in {"f32", "c64"} else 1e-13)


def test_kernels_run_in_threads():
    rng = np.random.default_rng(0)
    operands = (ArrayType("f64", (50, 8, 8)),)
    kernel = Kernel(REGISTRY["svd"], operands, ())
    values = [draw(rng, operands[0]) for _ in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(kernel, values))
    for value, results in zip(values, found, strict=True):
        agree(REGISTRY["svd"], results, np.linalg.svd(value, full_matrices=False))


def test_names_of_library_code_are_found_again():
    loop, data = loop_symbols(scipy.special.j0, "d->d")
    assert loop == "lineara.library.loop:scipy.special:j0:d->d"
    assert data == "lineara.library.data:scipy.special:j0:d->d"
    assert loop_symbols(np.exp, "d->d")[1] is None
    code = b"\0lineara.library.blas:dgemm\0other\0" + loop.encode() + b"\0"
    assert symbols(code) == {name: address(name) for name in ("lineara.library.blas:dgemm", loop)}
    assert all(symbols(code).values())


@pytest.mark.parametrize(
    "name", ["blas:nothing", "loop:numpy:exp:dd->d", "loop:numpy:nothing:d->d", "elsewhere"]
)
def test_names_that_stand_for_nothing_are_refused(name):
    with pytest.raises(ValueError, match=name):
        address(f"lineara.library.{name}")
