"""Machine code of tests is not kept on disk, unless a test says where. Functions of Python as programs."""

import numpy as np
import pytest

from lineara.api.record import record
from lineara.errors import IndexingError
from lineara.ir import has_tangent
from lineara.pipeline import Request, run
from lineara.transforms import as_written


@pytest.fixture(autouse=True)
def nothing_is_kept(monkeypatch):
    monkeypatch.setenv("LINEARA_CACHE_DIR", "")


def _recorded(f, *args):
    """The program of a function at arrays, and the arrays that it takes: what it closes over last."""
    made = record(f, list(args), lambda leaves: (tuple(leaves), {}))
    return made.function, [*args, *made.captured]


def _weighed(value):
    """A scalar in which every element of the inexact arrays of a value counts otherwise."""
    if isinstance(value, tuple | list):
        return sum(_weighed(v) * (i + 1.5) for i, v in enumerate(value))
    if isinstance(value, float):
        return value
    if np.result_type(value).kind not in "fc":
        return 0.0
    weights = np.linspace(0.5, 1.7, value.size).reshape(value.shape)
    return np.sum(np.real(value * weights))


def _gradient(f, *args, policy=as_written):
    """The program of the value and the gradient of a function at arrays, every result weighed, and the arrays that it takes."""
    function, given = _recorded(lambda *xs: _weighed(f(*xs)), *args)
    wrt = [has_tangent(v.type) and i < len(args) for i, v in enumerate(function.params)]
    return run(function, Request(tuple(wrt), 1, policy), "grad")[0], given


def _index_error(call, *args):
    """The message with which a call fails for an index out of range; None if it does not."""
    try:
        call(*args)
    except IndexingError as error:
        return str(error)
    return None


@pytest.fixture
def recorded():
    return _recorded


@pytest.fixture
def weighed():
    return _weighed


@pytest.fixture
def gradient():
    return _gradient


@pytest.fixture
def index_error():
    return _index_error
