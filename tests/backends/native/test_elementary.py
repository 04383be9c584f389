"""Elementary functions: their errors against mpmath, their special values, and that they are vector code."""

import os
import platform
import re

import numpy as np
import pytest
from llvmlite import ir
from mpmath import mp, mpf

from lineara.backends.native.elementary import MERGED_CALLS, NAMES, call
from lineara.testing.elementary import (
    Compiled,
    loop_module,
    measured,
    optimised,
    target_machine,
    worst,
)
from lineara.testing.elementary_cases import CASES

DTYPES = (np.float64, np.float32)
FUZZ = int(os.environ.get("LINEARA_FUZZ_EXAMPLES", "0"))
INF, NAN = np.inf, np.nan
BY_NAME = {case.name: case for case in CASES}


@pytest.fixture(scope="module", params=DTYPES, ids=lambda dtype: dtype.__name__)
def compiled(request):
    return Compiled(sorted(NAMES), request.param)


def check_errors(compiled, case, count, seed):
    for place, found in measured(compiled, case, count, np.random.default_rng(seed)):
        assert found.error <= case.bound, f"{case.name} on {place}: {found}"


def test_every_function_is_measured():
    assert {case.name for case in CASES} == NAMES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_errors_are_within_the_bound(compiled, case):
    check_errors(compiled, case, 250, seed=1)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="other processors fuse always")
def test_errors_are_within_the_bound_without_fused_operations():
    plain = Compiled(sorted(NAMES), np.float64, cpu="x86-64")
    for case in CASES:
        check_errors(plain, case, 120, seed=2)


@pytest.mark.fuzz
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_errors_are_within_the_bound_on_dense_samples(compiled, case):
    check_errors(compiled, case, max(FUZZ, 1000), seed=None)


SPECIAL = {  # at −inf, −0, 0, inf
    "exp": (0.0, 1.0, 1.0, INF),
    "exp2": (0.0, 1.0, 1.0, INF),
    "expm1": (-1.0, -0.0, 0.0, INF),
    "log": (NAN, -INF, -INF, INF),
    "log2": (NAN, -INF, -INF, INF),
    "log10": (NAN, -INF, -INF, INF),
    "log1p": (NAN, -0.0, 0.0, INF),
    "sin": (NAN, -0.0, 0.0, NAN),
    "cos": (NAN, 1.0, 1.0, NAN),
    "tan": (NAN, -0.0, 0.0, NAN),
    "asin": (NAN, -0.0, 0.0, NAN),
    "acos": (NAN, np.pi / 2, np.pi / 2, NAN),
    "atan": (-np.pi / 2, -0.0, 0.0, np.pi / 2),
    "sinh": (-INF, -0.0, 0.0, INF),
    "cosh": (INF, 1.0, 1.0, INF),
    "tanh": (-1.0, -0.0, 0.0, 1.0),
    "asinh": (-INF, -0.0, 0.0, INF),
    "acosh": (NAN, NAN, NAN, INF),
    "atanh": (NAN, -0.0, 0.0, NAN),
    "cbrt": (-INF, -0.0, 0.0, INF),
    "erf": (-1.0, -0.0, 0.0, 1.0),
    "erfc": (2.0, 1.0, 1.0, 0.0),
    "logistic": (0.0, 0.5, 0.5, 1.0),
    "lgamma": (INF, INF, INF, INF),
    "digamma": (NAN, INF, -INF, INF),
    "trigamma": (NAN, INF, INF, 0.0),
    "gamma": (NAN, -INF, INF, INF),
    "erfcx": (INF, 1.0, 1.0, 0.0),
}


def assert_same(value, expected):
    np.testing.assert_array_equal(value, expected)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(value)[numbers], np.signbit(expected)[numbers])


@pytest.mark.parametrize("name", SPECIAL)
def test_values_at_zeros_infinities_and_nan(compiled, name):
    operands = np.array([-INF, -0.0, 0.0, INF, NAN], compiled.dtype)
    assert_same(compiled(name, operands), np.array([*SPECIAL[name], NAN], compiled.dtype))


OUTSIDE = {
    "log": [-1, -1e-40, -1e30],
    "log1p": [-1.5, -1e30],
    "asin": [1.0000002, -2, 1e30],
    "acos": [1.0000002, -2, 1e30],
    "acosh": [0.999, -1, -1e30],
    "atanh": [1.0000002, -2, 1e30],
    "digamma": [-1, -7, -(2.0**60)],
    "gamma": [-1, -7, -(2.0**60)],
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_outside_of_its_domain_a_function_is_nan(compiled, name):
    operands = np.array(OUTSIDE[name], compiled.dtype)
    assert np.isnan(compiled(name, operands)).all()


CORNERS = [0.0, 1.0, 0.5, 2.0, 3.0, 1e30, 2.0**53 + 2, 2.0**24 + 1, INF]


@pytest.mark.parametrize(
    ("name", "function"), [("pow", np.power), ("atan2", np.arctan2), ("hypot", np.hypot)]
)
def test_functions_of_two_operands_at_special_ones(compiled, name, function):
    corners = np.array([*CORNERS, *(-x for x in CORNERS), NAN], compiled.dtype)
    x, y = (v.ravel() for v in np.meshgrid(corners, corners))
    with np.errstate(all="ignore"):
        expected = function(x, y)
    value = compiled(name, x, y)
    special = ~np.isfinite(expected) | (expected == 0) | (np.abs(expected) == 1)
    assert_same(value[special], expected[special])
    np.testing.assert_allclose(value[~special], expected[~special], rtol=8 * np.finfo(x.dtype).eps)


def test_poles(compiled):
    one = np.ones(1, compiled.dtype)
    assert compiled("atanh", one) == INF
    assert compiled("atanh", -one) == -INF
    assert compiled("log1p", -one) == -INF
    assert compiled("acosh", one) == 0
    assert (compiled("lgamma", np.array([-1, -2, -30], compiled.dtype)) == INF).all()
    assert (compiled("lgamma", np.array([1, 2], compiled.dtype)) == 0).all()


def hardest_angles(step):
    """The doubles next to the multiples of π/2 up to where the near reduction ends, and one of the worst of all."""
    with mp.workprec(200):
        multiples = [float(mp.pi / 2 * k) for k in range(1, 83443, step)]
    return np.array([*multiples, 6381956970095103 * 2.0**797, 2.0**17, np.nextafter(2.0**17, 1e9)])


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_angles_next_to_multiples_of_a_right_angle(name):
    found = worst(
        Compiled([name], np.float64), name, BY_NAME[name].exact, hardest_angles(1 if FUZZ else 97)
    )
    assert found.error <= 2, found


@pytest.mark.parametrize("name", sorted(NAMES))
def test_bits_do_not_depend_on_the_lanes_or_on_the_neighbours(name):
    rng = np.random.default_rng(7)
    size = 331
    numbers = rng.normal(size=size) * 10.0 ** rng.integers(-6, 7, size)
    numbers[::7] = rng.choice([0.0, INF, -INF, NAN, 1e300, -1e300], numbers[::7].size)
    operands = [numbers, rng.permutation(numbers)][: len(BY_NAME[name].ranges[0])]
    for dtype in DTYPES:
        with np.errstate(over="ignore"):
            given = [x.astype(dtype) for x in operands]
        first = Compiled([name], dtype, lanes=8)(name, *given)
        for lanes in (1, 4):
            other = Compiled([name], dtype, lanes=lanes)(name, *given)
            np.testing.assert_array_equal(first, other)
        order = rng.permutation(size)
        again = Compiled([name], dtype, lanes=8)(name, *(x[order] for x in given))
        np.testing.assert_array_equal(first[order], again)


PROCESSORS = {
    "sse2": ("x86_64-unknown-linux-gnu", "x86-64", "", r"\bmulpd\b"),
    "avx2": ("x86_64-unknown-linux-gnu", "haswell", "", r"\bv(?:mul|fn?m\w+)pd\b.*%ymm"),
    "avx512": (
        "x86_64-unknown-linux-gnu",
        "skylake-avx512",
        "-prefer-256-bit",
        r"\bv(?:mul|fn?m\w+)pd\b.*%zmm",
    ),
    "aarch64": ("aarch64-unknown-linux-gnu", "generic", "+neon", r"\bf(?:mul|ml[as])\b.*\.2d"),
}


def functions_of(assembly):
    """The text of each function of an assembly, by name."""
    parts = re.split(r"^(\"?[\w.]+\"?):", assembly, flags=re.MULTILINE)
    merged, current = {}, None
    for label, text in zip(parts[1::2], parts[2::2], strict=True):
        label = label.strip('"')
        if not label.startswith("."):
            current = label
        merged[current] = merged.get(current, "") + text
    return merged


@pytest.mark.parametrize("processor", PROCESSORS)
def test_code_is_packed_and_calls_no_library(processor):
    triple, cpu, features, packed = PROCESSORS[processor]
    machine = target_machine(triple, cpu, features)
    assembly = machine.emit_assembly(optimised(loop_module(sorted(NAMES), np.float64), machine))
    functions = functions_of(assembly)
    called = set(re.findall(r"\b(?:callq?|bl|jmp|b)\s+\"?(?!\.)([A-Za-z_][\w.]*)", assembly))
    called |= set(re.findall(r"movabsq\s+\$\"?([A-Za-z_][\w.]*)\"?, %r", assembly))
    assert {c for c in called if not c.startswith("lineara.")} == set()
    for name in NAMES:
        text = functions[f"map.{name}"] + functions.get(f"lineara.{name}.v8f64", "")
        assert len(re.findall(packed, text)) >= 8, name


@pytest.mark.parametrize(("calls", "merged"), [(MERGED_CALLS, True), (MERGED_CALLS + 1, False)])
def test_a_function_that_is_called_very_often_is_not_merged(calls, merged):
    module, real = ir.Module("often"), ir.DoubleType()
    function = ir.Function(module, ir.FunctionType(real, [real]), "f")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    value = function.args[0]
    for _ in range(calls):
        value = call(module, builder, "exp", value)
    builder.ret(value)
    text = str(optimised(module, target_machine()).get_function("f"))
    assert ("@lineara.exp" not in text) == merged


def test_the_worst_angle_is_the_hard_one():
    with mp.workprec(1400):
        distance = mp.cos(mpf(6381956970095103) * mpf(2) ** 797)
    assert abs(distance) < mpf(2) ** -60
