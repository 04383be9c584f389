"""The call of a kernel from Python without an interpreter between: callables whose code is native."""

from lineara.backends.native.calling.dispatcher import Dispatcher
from lineara.backends.native.calling.signature import Kernel, Signature
from lineara.backends.native.calling.structure import ARRAY, Made, Static, Structure

__all__ = ["ARRAY", "Dispatcher", "Kernel", "Made", "Signature", "Static", "Structure"]
