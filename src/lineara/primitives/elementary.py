"""Elementary functions."""

from __future__ import annotations

import numpy as np

from lineara.ir import Primitive
from lineara.primitives.forms import elementwise

exp = elementwise("exp", "eˣ", np.exp, [lambda z, x: z])

log = elementwise("log", "ln x", np.log, [lambda z, x: 1 / x], low=0.1)

sqrt = elementwise("sqrt", "√x", np.sqrt, [lambda z, x: 0.5 / z], low=0.1)

sin: Primitive = elementwise("sin", "sin x", np.sin, [lambda z, x: cos(x)])

cos: Primitive = elementwise("cos", "cos x", np.cos, [lambda z, x: -sin(x)])

tanh = elementwise("tanh", "tanh x", np.tanh, [lambda z, x: 1 - z * z])
