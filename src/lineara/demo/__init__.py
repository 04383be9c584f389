"""The main job on real data: a Gaussian mixture fitted to Anderson's irises, with gradients by lineara."""

from lineara.demo.costs import Costs, costs_of_the_fit
from lineara.demo.data import Irises, irises
from lineara.demo.fit import Agreement, Fit, agreement, fit
from lineara.demo.plot import draw

__all__ = [
    "Agreement",
    "Costs",
    "Fit",
    "Irises",
    "agreement",
    "costs_of_the_fit",
    "draw",
    "fit",
    "irises",
]
