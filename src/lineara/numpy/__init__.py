"""NumPy's functions, for ordinary arrays and traced ones: `import lineara.numpy as lnp`.

It has the names of the Python array API standard 2024.12, with the extensions `linalg` and `fft`, and the functions that
numerical programs use beyond it. On ordinary arrays they are NumPy's, most of them the same objects; a function written with
`import numpy as np` is traced as well. What this module adds is what NumPy does not hand over: `array` and `asarray` of
traced values, and `zeros`, `ones`, `full`, `empty` and `eye` that take assignments of traced values.

>>> import numpy as np
>>> import lineara
>>> import lineara.numpy as lnp
>>> lnp.sin is np.sin
True
>>> def f(x):
...     y = lnp.zeros(3)
...     y[0] = x * x
...     return lnp.sum(y)
>>> lineara.grad(f)(3.0)
array(6.)
"""

from numpy import __array_namespace_info__

from lineara.frontend.special import log_softmax, logsumexp, multigammaln, polygamma, softmax
from lineara.numpy import (
    algebra,
    creation,
    elementwise,
    fft,
    inspection,
    linalg,
    manipulation,
    statistics,
    types,
)
from lineara.numpy.algebra import *  # noqa: F403  (the names of a part are those of the whole)
from lineara.numpy.creation import *  # noqa: F403
from lineara.numpy.elementwise import *  # noqa: F403
from lineara.numpy.inspection import *  # noqa: F403
from lineara.numpy.manipulation import *  # noqa: F403
from lineara.numpy.statistics import *  # noqa: F403
from lineara.numpy.types import *  # noqa: F403

__array_api_version__ = "2024.12"

__all__ = ["__array_api_version__", "__array_namespace_info__"]
__all__ += ["fft", "linalg", "log_softmax", "logsumexp", "multigammaln", "polygamma", "softmax"]
__all__ += creation.__all__
__all__ += types.__all__
__all__ += inspection.__all__
__all__ += elementwise.__all__
__all__ += manipulation.__all__
__all__ += statistics.__all__
__all__ += algebra.__all__
