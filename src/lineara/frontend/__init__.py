"""The front end: NumPy programs as programs of the language. `Dispatch` gets its tables here."""

from lineara.frontend import methods, tables
from lineara.frontend.array import Dispatch, TracedArray, wrap

Dispatch.ufuncs = tables.UFUNCS
Dispatch.functions = tables.FUNCTIONS
Dispatch.views = tables.VIEWS
Dispatch.methods = methods.METHODS

__all__ = ["Dispatch", "TracedArray", "wrap"]
