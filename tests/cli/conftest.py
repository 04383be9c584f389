from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lineara.cli import app

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
MODEL = """
import numpy as np
import lineara

def f(x, y):
    return np.sin(x) * y + x

def layer(x):
    return np.sin(np.exp(x))

def deep(x):
    return lineara.checkpoint(layer)(layer(x))

def total(p):
    return np.sum(p["a"] * p["b"])

def vector(x):
    return np.sin(x)

def broken(x):
    return x / undefined

def branch(x):
    return x if x > 0 else -x

number = 3.0
"""


@dataclass
class Outcome:
    status: int
    out: str
    err: str


@pytest.fixture
def call():
    """Run a command line; a traceback fails the test."""

    def run(*words: object) -> Outcome:
        result = CliRunner().invoke(app, [str(w) for w in words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def model(tmp_path):
    """A Python file with functions."""
    file = tmp_path / "model.py"
    file.write_text(MODEL)
    return file


@pytest.fixture
def matvec():
    return EXAMPLES / "matvec.lin"
