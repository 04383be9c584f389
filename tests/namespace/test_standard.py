"""Every function of the array API standard 2024.12: NumPy's values, dtypes and shapes, and right derivatives."""

import importlib.util
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import optree
import pytest

import lineara
import lineara.numpy as lnp
from lineara.testing import check_derivatives

HERE = Path(__file__).parent


def beside(name):
    """A module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(f"numpy_tests_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


standard, CASES = beside("standard"), beside("cases").CASES
PAGE = (HERE.parents[1] / "docs" / "numpy.md").read_text(encoding="utf-8")
(TABLE,) = re.findall(r"^## What has no derivative\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
REASON = {
    name: reason
    for names, reason in re.findall(r"^\| (`.*?) \| (.*?) \|$", TABLE, re.MULTILINE)
    for name in re.findall(r"`lnp\.([\w.]+)`", names)
}
ABOUT_TYPES = {name for name, reason in REASON.items() if "types" in reason}
STEPS = {name for name, reason in REASON.items() if "steps" in reason}


def found(name):
    space = lnp
    for part in name.split("."):
        space = getattr(space, part)
    return space


def sample(shape, dtype, low, high, seed):
    rng = np.random.default_rng(seed + 7 * int(np.prod(shape)))
    dtype = np.dtype(dtype)
    values = rng.uniform(low, high, shape)
    if dtype.kind == "c":
        values = values + 1j * rng.uniform(low, high, shape)
    if dtype.kind == "b":
        return np.asarray(values > 0)
    if dtype.kind in "iu":
        values = np.ceil(np.abs(values) if dtype.kind == "u" else values)
    return np.asarray(values).astype(dtype)


def inputs(case, dtype):
    """Arguments of each of the shapes of a case."""
    for shape in case.shapes:
        several = shape and isinstance(shape[0], tuple)
        shapes = shape if several else (shape,)
        yield tuple(sample(s, dtype, case.low, case.high, k) for k, s in enumerate(shapes))


@pytest.mark.parametrize("section", standard.MAIN)
def test_the_names_of_the_section_are_there(section):
    names = set(standard.MAIN[section].split())
    assert names <= set(lnp.__all__)
    assert all(hasattr(lnp, name) for name in names)


def test_the_extensions_are_there():
    assert set(standard.LINALG.split()) <= set(lnp.linalg.__all__)
    assert set(standard.FFT.split()) <= set(lnp.fft.__all__)
    assert lnp.__array_api_version__ == "2024.12"


def test_a_traced_array_has_the_attributes_and_methods_of_the_standard():
    def f(x):
        missing = [name for name in standard.ARRAY.split() if not hasattr(x, name)]
        assert missing == []
        assert x.__array_namespace__(api_version="2024.12") is lnp
        with pytest.raises(ValueError, match="not supported"):
            x.__array_namespace__(api_version="2099.12")
        with pytest.raises(ValueError, match="unsupported device"):
            x.to_device("gpu")
        return x

    lineara.trace(f, np.ones((2, 2)))


@pytest.mark.parametrize("space", [lnp, lnp.linalg, lnp.fft], ids=lambda s: s.__name__)
def test_all_names_are_there_once(space):
    assert len(space.__all__) == len(set(space.__all__))
    assert all(hasattr(space, name) for name in space.__all__)


def test_every_function_is_tried():
    assert set(CASES) | {"__array_namespace_info__"} == standard.FUNCTIONS


def test_the_functions_without_derivatives_are_functions_of_the_standard():
    assert set(REASON) <= standard.FUNCTIONS
    assert set(REASON) > ABOUT_TYPES | STEPS


@pytest.mark.parametrize("name", sorted(CASES))
def test_values(name):
    case = CASES[name]
    for program in case.programs:
        for dtype in case.dtypes:
            for args in inputs(case, dtype):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    try:
                        expected = program(np, *args)
                    except TypeError:  # NumPy has no such loop
                        continue
                    ours = program(lnp, *args)
                traced = lineara.trace(lambda *a, p=program: p(lnp, *a), *args)(*args)
                for got in (ours, traced):
                    assert_same(got, expected)


def assert_same(got, expected):
    pairs = zip(optree.tree_leaves(got), optree.tree_leaves(expected), strict=True)
    for a, b in pairs:
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        tolerance = 64 * np.finfo(b.dtype).eps if b.dtype.kind in "fc" else 0
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", sorted(set(CASES) - set(REASON)))
def test_derivatives(name):
    case = CASES[name]
    dtypes = [d for d in case.dtypes if d in ("f8", "c16")]
    assert dtypes
    for program in case.programs:
        for dtype in dtypes:
            for args in inputs(case, dtype):
                if all(x.size for x in args):
                    check_derivatives(
                        lambda *a, p=program: p(lnp, *a), *args, order=2 if dtype == "f8" else 1
                    )


@pytest.mark.parametrize("name", sorted(set(REASON) - ABOUT_TYPES))
def test_what_has_no_derivative_has_the_derivative_0_or_no_numbers(name):
    case = CASES[name]
    if "f8" not in case.dtypes:
        assert {np.dtype(d).kind for d in case.dtypes} <= set("biu")
        return
    args = next(iter(inputs(case, "f8")))
    value, tangent = lineara.jvp(
        lambda *a: case.programs[0](lnp, *a), args, tuple(map(np.ones_like, args))
    )
    value = value[0] if isinstance(value, tuple) else value
    assert (value.dtype.kind in "fc") == (name in STEPS)
    if name in STEPS:
        np.testing.assert_array_equal(tangent, 0)


def test_on_ordinary_arrays_the_functions_are_those_of_numpy():
    special = {"log_softmax", "logsumexp", "multigammaln", "polygamma", "softmax"}
    here = {"__array_api_version__", *special}
    assert {n for n in lnp.__all__ if not hasattr(np, n)} <= here
    own = {n for n in lnp.__all__ if getattr(lnp, n) is not getattr(np, n, None)} - here
    reductions = """
        all amax amin any argmax argmin argsort average count_nonzero cumprod cumsum max mean median
        min prod ptp sort std sum var"""
    assert own == {
        *reductions.split(),
        "arange",
        "array",
        "asanyarray",
        "asarray",
        "asarray_chkfinite",
        "ascontiguousarray",
        "empty",
        "eye",
        "fft",
        "finfo",
        "full",
        "full_like",
        "identity",
        "iinfo",
        "linalg",
        "ones",
        "pad",
        "select",
        "take",
        "zeros",
    }
