"""The page about NumPy lists what the tables hold, no more and no less."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from lineara.frontend.counted import FUNCTIONS as COUNTED
from lineara.frontend.tables import FUNCTIONS, REFUSED, UFUNCS

PAGE = (Path(__file__).parents[2] / "docs" / "numpy.md").read_text(encoding="utf-8")
NAME = re.compile(r"`((?:np|special)\.[\w.]+)`")


def named(section):
    """The functions that a section names, by its heading."""
    (text,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return {eval(name, {"np": np, "special": special}) for name in NAME.findall(text)}


def public(functions):
    """The functions of the tables, without those that SciPy's Python calls under a private name."""
    return {f for f in functions if not f.__name__.startswith("_")}


@pytest.mark.parametrize(
    ("section", "functions"),
    [
        ("What is there", public({*UFUNCS, *FUNCTIONS} - {*REFUSED, *COUNTED})),
        ("What has a shape that depends on values", {*REFUSED, *COUNTED, np.where}),
    ],
)
def test_the_lists_are_complete_and_true(section, functions):
    assert named(section) == functions


def test_what_is_not_there_is_not_there():
    assert not named("What is not there") & ({*UFUNCS, *FUNCTIONS} - set(REFUSED))
