"""The transformations of the paper: each takes a function of the language and gives functions of the language.

Beside them: batching (`batch`, `batch_switch`, `batch_loops`, `batch_choice`), and the derivatives of solutions (`implicit`).
"""

from lineara.transforms.erase import erase
from lineara.transforms.jvp import jvp
from lineara.transforms.plan import Plan, plan_of
from lineara.transforms.policy import (
    Decision,
    Policy,
    Site,
    as_written,
    decide,
    everything,
    nothing,
    save_names,
    save_only,
)
from lineara.transforms.prune import prune
from lineara.transforms.transpose import transpose
from lineara.transforms.unzip import Halves, partial_eval, unzip

__all__ = [
    "Decision",
    "Halves",
    "Plan",
    "Policy",
    "Site",
    "as_written",
    "decide",
    "erase",
    "everything",
    "jvp",
    "nothing",
    "partial_eval",
    "plan_of",
    "prune",
    "save_names",
    "save_only",
    "transpose",
    "unzip",
]
