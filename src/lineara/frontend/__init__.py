"""The front end: NumPy programs as programs of the language. `Dispatch` gets its tables here."""

from lineara.frontend.array import Dispatch, TracedArray, wrap
from lineara.frontend.ufuncs import UFUNCS

Dispatch.ufuncs = UFUNCS

__all__ = ["Dispatch", "TracedArray", "wrap"]
