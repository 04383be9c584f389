"""A picture of the fit, where matplotlib is installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from lineara.demo.data import Irises
from lineara.demo.fit import Fit
from lineara.demo.mixture import Array, covariances
from lineara.errors import LinearaError

SHOWN = (2, 3)
"""The two features on the axes: the petals separate the species best."""


def draw(fitted: Fit, data: Irises, path: Path) -> None:
    """Write a picture of the flowers with the components, and of the loss, to a file.

    Raises:
        LinearaError: if matplotlib is not installed, or the file cannot be written.
    """
    if find_spec("matplotlib") is None:
        raise LinearaError("matplotlib is not installed", mend="pip install matplotlib")
    from matplotlib.figure import Figure  # noqa: PLC0415  (an optional dependency)

    figure = Figure(figsize=(10, 4.5), layout="constrained")
    flowers, losses = figure.subplots(1, 2, width_ratios=(3, 2))
    _draw_flowers(flowers, fitted, data)
    losses.plot(fitted.losses, color="black")
    losses.set(xlabel="step", ylabel="negative log likelihood per flower", title="The fit")
    try:
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:
        raise LinearaError(
            f"cannot write {path}: {error}", mend="give another path with --plot"
        ) from None


def _draw_flowers(axes: Any, fitted: Fit, data: Irises) -> None:
    names = np.array(data.species)
    for name, marker in zip(dict.fromkeys(data.species), "o^s", strict=True):
        points = data.measurements[names == name][:, SHOWN]
        axes.scatter(*points.T, s=14, marker=marker, label=name, alpha=0.7)
    means = fitted.parameters["means"][:, SHOWN]
    for mean, covariance in zip(means, covariances(fitted.parameters), strict=True):
        axes.plot(*_ellipse(mean, covariance[np.ix_(SHOWN, SHOWN)]).T, color="black", linewidth=1)
    axes.set(
        xlabel=f"{data.features[SHOWN[0]]} (cm)",
        ylabel=f"{data.features[SHOWN[1]]} (cm)",
        title="Irises by species, and the components at two standard deviations",
    )
    axes.legend()


def _ellipse(mean: Array, covariance: Array, deviations: float = 2.0) -> Array:
    """The outline of a component at so many standard deviations."""
    angle = np.linspace(0.0, 2 * np.pi, 100)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    outline: Array = mean + deviations * (np.linalg.cholesky(covariance) @ circle).T
    return outline
