"""Conversions between dtypes, as `astype`, defined for every value."""

from __future__ import annotations

from typing import Any

import numpy as np

from lineara.backends.native.lanes import BOOL, Dtype, Number, complex_of, part_type, real_of
from lineara.backends.native.reals import Reals


class Conversions(Reals):
    """The conversion of a number to another dtype.

    A real number without an integer of the wanted dtype converts as x86 and NumPy on it do, on every machine: to 64 and 32
    signed bits as the least integer, to fewer bits as the low ones of a wider conversion.
    """

    def convert(self, x: Number, dtype: Dtype) -> Number:
        """x as a number of a dtype; a complex one loses its imaginary part where the dtype has none."""
        if x.dtype == dtype:
            return x
        if x.kind == "c":
            return self._from_complex(x, dtype)
        if dtype.kind == "c":
            real = self.convert(x, real_of(dtype))
            return self.complex(real, self.full_like(real, 0))
        if dtype == BOOL:
            return self.nonzero(x)
        if x.kind == "f":
            return self._resized(x, dtype) if dtype.kind == "f" else self._truncated(x, dtype)
        if dtype.kind == "f":
            cast = self.builder.sitofp if x.kind == "i" else self.builder.uitofp
            return self._cast(cast, x, dtype)
        return self._resized_integer(x, dtype)

    def complex(self, x: Number, y: Number) -> Number:
        """x + i·y"""
        x, y = self.matched(x, y)
        return self.number(complex_of(x.dtype), x.value, y.value)

    def nonzero(self, x: Number) -> Number:
        """Whether x is not 0: what a number is as a bool."""
        if x.kind == "c":
            return self.nonzero(x.real) | self.nonzero(x.imag)
        if x.dtype == BOOL:
            return x
        compare = self.compare_reals if x.kind == "f" else self.compare_integers
        return compare("!=", x, self.full_like(x, 0))

    def _from_complex(self, x: Number, dtype: Dtype) -> Number:
        if dtype.kind == "c":
            real = real_of(dtype)
            return self.complex(self.convert(x.real, real), self.convert(x.imag, real))
        return self.nonzero(x) if dtype == BOOL else self.convert(x.real, dtype)

    def _cast(self, cast: Any, x: Number, dtype: Dtype) -> Number:
        return self.number(dtype, cast(x.value, part_type(dtype, x.lanes)))

    def _resized(self, x: Number, dtype: Dtype) -> Number:
        wider = dtype.itemsize > x.dtype.itemsize
        return self._cast(self.builder.fpext if wider else self.builder.fptrunc, x, dtype)

    def _resized_integer(self, x: Number, dtype: Dtype) -> Number:
        if x.dtype != BOOL and dtype.itemsize == x.dtype.itemsize:
            return self.number(dtype, x.value)
        if x.dtype != BOOL and dtype.itemsize < x.dtype.itemsize:
            return self._cast(self.builder.trunc, x, dtype)
        return self._cast(self.builder.sext if x.kind == "i" else self.builder.zext, x, dtype)

    def _truncated(self, x: Number, dtype: Dtype) -> Number:
        """x without its fraction, as an integer."""
        if dtype.itemsize < 4:
            return self._resized_integer(self._signed(x, np.dtype(np.int32)), dtype)
        long = np.dtype(np.int64)
        if dtype.kind == "i":
            return self._signed(x, dtype)
        if dtype.itemsize == 4:
            return self._resized_integer(self._signed(x, long), dtype)
        high = self.compare_reals(">=", x, self.full_like(x, 2.0**63))
        low = self._signed(self.where(high, x - 2.0**63, x), long)
        top = self.where(high, self.full_like(low, -(2**63)), 0)
        return self.number(dtype, (low ^ top).value)

    def _signed(self, x: Number, dtype: Dtype) -> Number:
        least = float(np.iinfo(dtype).min)
        above = ">" if x.dtype.itemsize > dtype.itemsize else ">="
        floor = self.full_like(x, least - 1 if above == ">" else least)
        inside = self.compare_reals(above, x, floor)
        inside = inside & self.compare_reals("<", x, self.full_like(x, -least))
        taken = self._cast(self.builder.fptosi, self.where(inside, x, 0), dtype)
        return self.where(inside, taken, np.iinfo(dtype).min)
