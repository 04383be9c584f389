"""The scalar laws of elementwise records, in machine code, give what the records evaluate to, on one lane and on eight."""

import ctypes

import mpmath
import numpy as np
import pytest
from llvmlite import ir

from lineara.backends.native.compile import load, object_code
from lineara.backends.native.number import Arithmetic
from lineara.errors import LinearaError
from lineara.ir import DTYPE_NAMES, ArrayType
from lineara.primitives import REGISTRY

I64 = np.dtype(np.int64)


def emit(module, name, law, operands, results, lanes):
    """The function `name(count, pointers of the operands, pointers of the results)`; gives what the law refuses."""
    pointers = [ir.PointerType()] * (len(operands) + len(results))
    signature = ir.FunctionType(ir.VoidType(), [ir.IntType(64), *pointers])
    function = ir.Function(module, signature, name)
    count, *places = function.args
    entry, test, body, end = [
        function.append_basic_block(b) for b in ("entry", "test", "body", "end")
    ]
    builder = ir.IRBuilder(entry)
    m = Arithmetic(builder, module)
    builder.branch(test)
    builder.position_at_end(test)
    i = builder.phi(ir.IntType(64))
    i.add_incoming(ir.Constant(i.type, 0), entry)
    builder.cbranch(builder.icmp_signed("<", i, count), body, end)
    builder.position_at_end(body)
    index = m.number(I64, i)
    given = [m.load(m.at(p, index, d), d, lanes) for p, d in zip(places, operands, strict=False)]
    made = law(m, *given)
    for p, d, x in zip(
        places[len(operands) :],
        results,
        made if isinstance(made, tuple) else (made,),
        strict=True,
    ):
        assert (x.dtype, x.lanes) == (d, lanes)
        m.store(m.at(p, index, d), x)
    i.add_incoming(builder.add(i, ir.Constant(i.type, lanes)), builder.block)
    builder.branch(test)
    builder.position_at_end(end)
    builder.ret_void()
    return m.refusals


def compiled(laws, level=1):
    """Functions on arrays from `{name: (law, operand dtypes, result dtypes, lanes)}`."""
    module = ir.Module()
    for name, given in laws.items():
        emit(module, name, *given)
    library = load(object_code(str(module), level), list(laws))
    return {
        name: _callable(library, name, operands, results)
        for name, (_, operands, results, _) in laws.items()
    }


def _callable(library, name, operands, results):
    pointers = [ctypes.c_void_p] * (len(operands) + len(results))
    function = ctypes.CFUNCTYPE(None, ctypes.c_int64, *pointers)(library[name])

    def run(*arrays):
        given = [np.ascontiguousarray(a) for a in arrays]
        made = [np.empty(given[0].shape, d) for d in results]
        function(given[0].size, *[a.ctypes.data for a in (*given, *made)])
        return made

    run.library = library
    return run


WHOLE = {"i": (0, 1, 2, 3, 7, 100), "u": (0, 1, 2, 5, 8, 31, 64, 100)}
REAL = (0.0, -0.0, 1.0, -1.0, 0.5, 1.5, -2.5, 3.0, -7.0, np.inf, -np.inf, np.nan)
FAR = {4: (1e-45, -1e-45, 1e-38, 3e38, -3e38), 8: (5e-324, -5e-324, 1e-300, 1e300, -1e308)}
EXACT = "neg sub mul div scale max min floor ceil round trunc nextafter abs sign stop_gradient"
EXACT = {*EXACT.split(), "select", "real", "imag", "conj", "complex", "convert", "sqrt"}
EXACT |= {"floor_div", "mod", "rem"}
OPEN = {"expm1", "log1p", "pow", "integer_pow"}
"""Where NumPy's complex infinities have NaN parts that need not be."""
LOOSE = {"lgamma": 64, "digamma": 64, "pow": 64, "gamma": 64}


def specials(dtype):
    """Values at which arithmetic has corners."""
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        ends = (info.min, info.min + 1, info.max - 1, info.max)
        return np.array(
            [*WHOLE[dtype.kind], *ends, *((-1, -2, -7) if dtype.kind == "i" else ())], dtype
        )
    if dtype.kind == "f":
        return np.array([*REAL, *FAR[dtype.itemsize]], dtype)
    return np.array([complex(x, y) for x in REAL for y in REAL[:9]], dtype)


def sampled(dtype, rng):
    """Values without corners."""
    if dtype.kind == "f":
        return (rng.normal(size=64) * np.exp(rng.normal(size=64))).astype(dtype)
    if dtype.kind == "c":
        parts = rng.normal(size=(2, 64)) * np.exp(rng.normal(size=(2, 64)))
        return (parts[0] + 1j * parts[1]).astype(dtype)
    return rng.integers(0, 127, 64).astype(dtype)


def operands_of(dtypes, rng):
    """Every combination of special values, a multiple of eight of them, and samples."""
    corners = [x.ravel() for x in np.meshgrid(*map(specials, dtypes), indexing="ij")]
    count = -(-corners[0].size // 8) * 8
    pairs = zip(corners, dtypes, strict=True)
    return [np.concatenate([np.resize(x, count), sampled(d, rng)]) for x, d in pairs]


def combinations(record):
    """The operand dtypes and attributes that a record takes."""
    given = {example.attributes: example.operands for example in record.examples}
    for attributes, operands in given.items():
        choice = record.name == "select"
        for dtype in DTYPE_NAMES:
            types = [ArrayType(dtype) for _ in operands]
            types[:choice] = [ArrayType("bool")] * choice
            targets = DTYPE_NAMES if record.name == "convert" else (None,)
            for target in targets:
                chosen = {"dtype": target} if target else dict(attributes)
                try:
                    results = record.infer(*types, **chosen)
                except LinearaError:
                    continue
                yield [t.dtype for t in types], chosen, [t.dtype for t in results]


def laws_of(record):
    cases = {}
    for operands, attributes, results in combinations(record):
        words = [d.str[1:] for d in (*operands, *results)]
        for lanes in (1, 8):

            def law(m, *numbers, attributes=attributes):
                return record.scalar(m, *numbers, **attributes)

            name = "_".join([*words, *map(str, attributes.values()), str(lanes)])
            cases[name.replace("?", "b").replace("-", "m")] = (
                law,
                operands,
                results,
                lanes,
                attributes,
            )
    return cases


SCALAR = [r for r in REGISTRY.values() if r.elementwise and r.scalar is not None]


@pytest.mark.parametrize("record", SCALAR, ids=lambda record: record.name)
def test_a_scalar_law_is_what_its_record_evaluates_to(record):
    cases = laws_of(record)
    functions = compiled({name: case[:4] for name, case in cases.items()})
    for name, (_, dtypes, _, _, attributes) in cases.items():
        arrays = operands_of(dtypes, np.random.default_rng(0))
        if record.name == "pow" and dtypes[0].kind == "i":
            arrays[1] = np.where(arrays[1] < 0, dtypes[1].type(3), arrays[1])
        with np.errstate(all="ignore"):
            (wanted,) = record.evaluate(*arrays, **attributes)
        (got,) = functions[name](*arrays)
        wrong = np.flatnonzero(~agree(record, got, wanted, arrays))
        shown = [(*(x[i] for x in arrays), "gives", got[i], "not", wanted[i]) for i in wrong[:8]]
        assert not shown, f"{record.name} {name}: {wrong.size} of {got.size}: {shown}"


def agree(record, got, wanted, arrays):
    """Whether values are equal, or as near as the record promises."""
    if wanted.dtype.kind in "biu":
        if record.name == "convert" and arrays[0].dtype.kind in "fc":
            return (got == wanted) | ~has_integer(arrays[0], wanted.dtype)
        return got == wanted
    same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    rounded = record.name == "abs" and arrays[0].dtype.kind == "c"
    if wanted.dtype.kind == "f" and record.name in EXACT and not rounded:
        signs = np.signbit(got) == np.signbit(wanted)
        return same & (signs | np.isnan(wanted) | (record.name in {"max", "min"}))
    close = same | near(got, wanted, LOOSE.get(record.name, 8))
    if wanted.dtype.kind == "c" and record.name in OPEN:
        return close | ~np.isfinite(wanted)
    return close


def near(got, wanted, units):
    """Equal up to some units in the last place of the length; where it is not finite, part by part."""
    eps, tiny = np.finfo(wanted.dtype).eps, np.finfo(wanted.dtype).smallest_subnormal
    with np.errstate(all="ignore"):
        close = np.abs(got - wanted) <= units * (eps * np.abs(wanted) + tiny)
    if wanted.dtype.kind != "c":
        return close
    parts = [(got.real, wanted.real), (got.imag, wanted.imag)]
    with np.errstate(all="ignore"):
        alike = [
            (x == y) | (np.isnan(x) & np.isnan(y)) | (np.abs(x - y) <= units * eps * np.abs(y))
            for x, y in parts
        ]
    return close | (alike[0] & alike[1])


def has_integer(x, dtype):
    """Whether numbers without their fractions are integers of a dtype."""
    info = np.iinfo(dtype) if dtype.kind in "iu" else None
    return np.isfinite(x) & ((info is None) or ((x > info.min - 1.0) & (x < info.max + 1.0)))


def run(law, operands, results, *arrays, lanes=8):
    functions = compiled({"law": (law, [np.dtype(d) for d in operands], results, lanes)})
    return functions["law"](*arrays)


@pytest.mark.parametrize("lanes", [1, 8])
@pytest.mark.parametrize("kind", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
@pytest.mark.parametrize("real", ["f4", "f8"])
def test_a_real_without_an_integer_converts_as_on_x86(real, kind, lanes):
    x = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, -1.5, 300.7, -70000.0], real)
    (got,) = run(
        lambda m, x: m.convert(x, np.dtype(kind)), [real], [np.dtype(kind)], x, lanes=lanes
    )
    low = {"i4": -(2**31), "i8": -(2**63), "u8": 2**63}.get(kind, 0)
    high = 0 if kind == "u8" else low
    rest = np.array([-1, 300, -70000], np.int64).astype(kind)
    assert got.tolist() == [low, high, low, high, low, *rest.tolist()]


def test_lanes_are_added_up_in_halves():
    x = np.array([1e16, 1.0, -1e16, 3.0, 5.0, 1e-3, 7.0, 1.0])
    (got,) = run(lambda m, x: m.splat(m.reduce_add(x), 8), ["f8"], [x.dtype], x)
    fours = x[:4] + x[4:]
    twos = fours[:2] + fours[2:]
    assert np.all(got == twos[0] + twos[1])


def test_lanes_are_reduced_to_one():
    x = np.array([5, 3, 7, 1, 12, 3, 9, 6])

    def law(m, x):
        made = (m.reduce_mul, m.reduce_min, m.reduce_max, m.reduce_and, m.reduce_or)
        return tuple([m.splat(reduce(x), 8) for reduce in made])

    got = run(law, ["i8"], [x.dtype] * 5, x)
    wanted = [np.prod(x), x.min(), x.max(), np.bitwise_and.reduce(x), np.bitwise_or.reduce(x)]
    assert [g[0] for g in got] == wanted


@pytest.mark.parametrize("dtype", [d.str[1:] for d in DTYPE_NAMES.values()])
def test_lanes_are_gathered_scattered_and_permuted(dtype):
    x = np.resize(specials(np.dtype(dtype)), 8)

    def law(m, x):
        pointer = m.builder.alloca(ir.ArrayType(ir.IntType(8), 128))
        pointer.align = 16
        pointer.type = ir.PointerType()
        m.scatter(pointer, m.constant(7, I64) - m.iota(8), x)
        back = m.load(pointer, x.dtype, 8)
        again = m.gather(pointer, m.iota(8) ^ m.constant(1, I64), x.dtype)
        return back, again, m.shuffle(x, range(7, -1, -1)), m.joined([m.lane(x, 3)] * 8)

    back, again, reverse, third = run(law, [dtype], [x.dtype] * 4, x)
    for got, order in ((back, range(7, -1, -1)), (reverse, range(7, -1, -1)), (third, [3] * 8)):
        np.testing.assert_array_equal(got, x[list(order)])
    np.testing.assert_array_equal(again, x[[6, 7, 4, 5, 2, 3, 0, 1]])


def test_an_integer_to_a_negative_power_is_refused():
    module, i64 = ir.Module(), np.dtype(np.int64)
    ((condition, error),) = emit(module, "law", REGISTRY["pow"].scalar, [i64, i64], [i64], 8)
    assert condition.dtype == np.bool_
    assert condition.lanes == 8
    with pytest.raises(LinearaError, match="negative powers"):
        raise error((0, 0, 0, 0))


@pytest.mark.parametrize("dtype", ["c8", "c16"])
def test_complex_functions_have_all_digits_where_numpy_has_not(dtype):
    z = np.array([1e-5 + 2e-5j, -3e-6 + 1e-7j, 0.6 + 0.8j, 1j, 1e-9, -0.3 + 0.2j, 2, 3j], dtype)
    real = np.dtype(f"f{z.itemsize // 2}")
    log1p, log = run(lambda m, z: (m.log1p(z), m.log(z)), [dtype], [z.dtype] * 2, z)
    for got, exact in ((log1p, lambda x: mpmath.log1p(x)), (log, mpmath.log)):
        with mpmath.workprec(200):
            wanted = np.array([complex(exact(mpmath.mpc(complex(x)))) for x in z])
        assert np.all(np.abs(got - wanted) <= 4 * np.finfo(real).eps * np.abs(wanted))
