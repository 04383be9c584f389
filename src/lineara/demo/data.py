"""Anderson's irises, from the file that ships with lineara; `data/README.md` names the source."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Irises:
    """150 flowers: four lengths each in centimetres, and the species, which the fit does not see."""

    features: tuple[str, ...]
    measurements: NDArray[np.float64]
    species: tuple[str, ...]


def irises() -> Irises:
    """Read the data set.

    >>> irises().measurements.shape
    (150, 4)
    """
    text = files("lineara.demo").joinpath("data", "iris.csv").read_text(encoding="utf-8")
    head, *rows = csv.reader(text.splitlines())
    return Irises(
        tuple(name.removesuffix("_cm").replace("_", " ") for name in head[:-1]),
        np.array([row[:-1] for row in rows], dtype=np.float64),
        tuple(row[-1] for row in rows),
    )
