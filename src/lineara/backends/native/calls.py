"""Calls of library code from machine code: loops of ufuncs, products of matrices in numbers, BLAS and LAPACK."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from llvmlite import ir

from lineara.backends.native.lanes import Dtype
from lineara.backends.native.library import (
    INVALID,
    PREFIX,
    STATUS,
    loop_symbols,
    private_ufunc,
)
from lineara.backends.native.loops import BYTE, LONG, Block, Count, Failure, Loops
from lineara.backends.native.memory import POINTER
from lineara.backends.native.products import multiply
from lineara.backends.native.views import View, grouped, merged

INT = ir.IntType(32)
_LETTERS = {"f4": "s", "f8": "d", "c8": "c", "c16": "z"}
_LOOP = ir.FunctionType(ir.VoidType(), [POINTER] * 4)


class Calls(Loops):
    """Library code as operations on views."""

    def widened(self, view: View) -> View:
        """A contiguous copy in double precision."""
        return self.copied(view, self.wide(view.dtype))

    def imported(self, name: str, type_: Any) -> Any:
        """A function of the library, by its name."""
        return self.module.globals.get(name) or ir.Function(self.module, type_, name)

    def datum(self, name: str | None) -> Any:
        """The address of a library's data, by its name; null for none."""
        if name is None:
            return ir.Constant(POINTER, None)
        return self.module.globals.get(name) or ir.GlobalVariable(self.module, BYTE, name)

    def ufunc(
        self,
        ufunc: Any,
        operands: Sequence[View],
        results: Sequence[View],
        failure: Failure | None = None,
    ) -> None:
        """Run a ufunc of NumPy or SciPy, with or without a signature, on views of the dtypes of one of its loops.

        The axes before those of the signature are of one shape, or absent. Where an invalid operation is flagged, as a
        decomposition that fails does, `failure` is raised.
        """
        cores = _cores(ufunc, len(operands) + len(results))
        views = [*operands, *results]
        types = "->".join("".join(v.dtype.char for v in vs) for vs in (operands, results))
        run = self._checked(*loop_symbols(ufunc, types))
        axes = [len(core) for core in cores]
        if any(n == 0 for v, k in zip(views, axes, strict=True) for n in v.shape[: v.rank - k]):
            return
        batch = next(
            v.shape[: v.rank - n] for v, n in zip(reversed(views), reversed(axes), strict=True)
        )
        full = [_repeated(v, n, batch) for v, n in zip(views, axes, strict=True)]
        sizes = {d: n for v, core in zip(views, cores, strict=True) for d, n in _named(v, core)}
        outer = list(merged([v.outer(n) for v, n in zip(full, axes, strict=True)]))
        longest = max(range(len(outer)), key=lambda i: _extent(outer[i][0]), default=None)
        count, steps = (1, (0,) * len(views)) if longest is None else outer.pop(longest)
        inner = [s for v, n in zip(full, axes, strict=True) for s in v.strides[v.rank - n :]]
        dimensions = self._longs([count, *sizes.values()])
        distances = self._longs([*steps, *inner])
        with self._nested(outer, [v.pointer for v in full]) as pointers:
            given = [self._table(POINTER, pointers), dimensions, distances]
            status = self.builder.call(run, given)
            if failure is not None:
                invalid = self.builder.and_(status, ir.Constant(INT, INVALID))
                self.fail_if(self.builder.icmp_unsigned("!=", invalid, INT(0)), failure)

    def elementwise(self, ufunc: Any, *operands: View) -> View:
        """What a ufunc gives for chunks, or for constants and chunks, of one dtype, in working memory."""
        like = max(operands, key=lambda v: v.rank)
        result = self.space(like.dtype, like.shape)
        self.ufunc(ufunc, operands, [result])
        return result

    def zeta(self, s: View, q: View) -> View:
        """Hurwitz's zeta function of constants or chunks, as SciPy has it."""
        return self.elementwise(private_ufunc("special", "_zeta"), s, q)

    def on_elements(
        self, ufunc: Any, operands: Sequence[Block], result: Block, *before: float
    ) -> None:
        """A ufunc on whole operands of one shape, after constants in their dtype."""
        target = self.view(result)
        constants = [self.constant_view(c, target.dtype) for c in before]
        self.ufunc(ufunc, [*constants, *map(self.view, operands)], [target])

    def product(self, a: View, b: View, result: View) -> None:
        """The product of matrices of any dtype, as NumPy computes it."""
        self.ufunc(np.matmul, [a, b], [result])

    def product_of_groups(self, *arrays: tuple[View, Sequence[Sequence[int]]]) -> None:
        """The product of two views into a third, each with its groups of axes: the batch, the rows, the columns.

        Real ones are multiplied by code of the module, others as NumPy does it.
        """
        x, y, z = [grouped(view, groups) for view, groups in arrays]
        x, y = [
            self.contiguous_groups(*array) if found is None else found
            for found, array in zip((x, y), arrays, strict=False)
        ]
        product = self.product if x.dtype.kind != "f" else partial(multiply, self)
        if z is not None:
            product(x, y, z)
            return
        view, groups = arrays[2]
        order = view.permuted([a for group in groups for a in group])
        made = self.space(view.dtype, order.shape)
        starts = np.cumsum([0, *map(len, groups)])
        runs = [list(range(a, b)) for a, b in pairwise(starts)]
        whole = grouped(made, runs)
        assert whole is not None
        product(x, y, whole)
        self.copy(made, order)

    def contiguous_groups(self, view: View, groups: Sequence[Sequence[int]]) -> View:
        """A copy of a view in which each group of axes is one axis."""
        made = self.copied(view.permuted([a for group in groups for a in group]))
        starts = np.cumsum([0, *map(len, groups)])
        found = grouped(made, [list(range(a, b)) for a, b in pairwise(starts)])
        assert found is not None
        return found

    def fourier(self, name: str, operand: View, result: View) -> None:
        """Run a transform of NumPy, without a factor, along the last axis, in double precision as NumPy does."""
        ufunc = private_ufunc("fourier", name)
        one = self.constant_view(1, np.dtype(np.float64))
        if operand.dtype == self.wide(operand.dtype):
            self.ufunc(ufunc, [operand, one], [result])
            return
        with self.every([operand, result], [1, 1]) as (x, y):
            exact = self.space(self.wide(y.dtype), y.shape)
            self.ufunc(ufunc, [self.widened(x), one], [exact])
            self.copy(exact, y)

    def matrices(
        self,
        name: str,
        operands: Sequence[View],
        results: Sequence[View],
        failure: Failure | None = None,
    ) -> None:
        """Run a decomposition of NumPy, which knows double precision only; other views are converted, matrix by matrix."""
        ufunc, views = private_ufunc("linalg", name), [*operands, *results]
        if all(v.dtype == self.wide(v.dtype) for v in views):
            self.ufunc(ufunc, operands, results, failure)
            return
        ranks = [len(core) for core in _cores(ufunc, len(views))]
        with self.every(views, ranks) as parts:
            given, made = parts[: len(operands)], parts[len(operands) :]
            copies = [self.widened(v) for v in given]
            exact = [self.space(self.wide(v.dtype), v.shape) for v in made]
            self.ufunc(ufunc, copies, exact, failure)
            for source, target in zip(exact, made, strict=True):
                self.copy(source, target)

    def _checked(self, loop: str, data: str | None) -> Any:
        """The function that runs a loop and gives its flags.

        It is one of its own, so that no other arithmetic stands between the flags' being cleared and read.
        """
        name = f"lineara.checked.{loop.removeprefix(PREFIX)}"
        found = self.module.globals.get(name)
        if found is not None:
            return found
        status = self.imported(STATUS, ir.FunctionType(INT, []))
        function = ir.Function(self.module, ir.FunctionType(INT, [POINTER] * 3), name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        builder = ir.IRBuilder(function.append_basic_block())
        builder.call(status, [])
        builder.call(self.imported(loop, _LOOP), [*function.args, self.datum(data)])
        builder.ret(builder.call(status, []))
        return function

    def _longs(self, values: Sequence[Count]) -> Any:
        return self._table(LONG, [self.long(v) for v in values])

    def _table(self, type_: Any, values: Sequence[Any]) -> Any:
        """Values side by side on the stack."""
        table = self.local(ir.ArrayType(type_, len(values)))
        for i, value in enumerate(values):
            self.builder.store(value, self.builder.gep(table, [LONG(i)], source_etype=type_))
        return table

    def fortran(self, name: str, *arguments: Any) -> None:
        """Call a function of BLAS or LAPACK, `lapack:dtrtrs`; its arguments are pointers."""
        type_ = ir.FunctionType(ir.VoidType(), [POINTER] * len(arguments))
        self.builder.call(self.imported(PREFIX + name, type_), arguments)

    def letter(self, value: str) -> Any:
        """A letter, for Fortran."""
        return self._cell(BYTE(ord(value)))

    def int_(self, value: Count) -> Any:
        """An integer, for Fortran."""
        if isinstance(value, int):
            if value >= 2**31:
                raise OverflowError(f"a size of {value} is more than LAPACK's integers hold")
            return self._cell(INT(value))
        return self._cell(self.builder.trunc(value, INT))

    def _cell(self, value: Any) -> Any:
        cell = self.local(value.type)
        self.builder.store(value, cell)
        return cell

    def gemm(
        self,
        transposed_a: bool,
        transposed_b: bool,
        rows: Count,
        columns: Count,
        depth: Count,
        alpha: complex,
        a: Any,
        lda: Count,
        b: Any,
        ldb: Count,
        beta: complex,
        c: Any,
        ldc: Count,
        dtype: Dtype,
    ) -> None:
        """c = alpha·a b + beta·c for matrices whose columns are contiguous: `lda` is the distance of columns of a.

        a has so many rows, and depth columns; or it is the transposed one that is in memory.
        """
        turned = [self.letter("T" if t else "N") for t in (transposed_a, transposed_b)]
        sizes = [self.int_(n) for n in (rows, columns, depth)]
        scale, keep = [self.constant_view(v, dtype).pointer for v in (alpha, beta)]
        distances = [self.int_(n) for n in (lda, ldb, ldc)]
        name = f"blas:{_LETTERS[dtype.str[1:]]}gemm"
        self.fortran(
            name, *turned, *sizes, scale, a, distances[0], b, distances[1], keep, c, distances[2]
        )

    def triangular_system(
        self,
        a: View,
        b: View,
        x: View,
        *,
        lower: bool,
        transposed: bool,
        unit_diagonal: bool,
        failure: Failure,
    ) -> None:
        """Solve a x = b for one triangle of a contiguous matrix; `failure` gets the place of a zero on the diagonal."""
        n, count = b.shape
        columns = self.copied(b.swapped())
        info = self._cell(INT(0))
        turned = n > 1
        self.fortran(
            f"lapack:{_LETTERS[a.dtype.str[1:]]}trtrs",
            self.letter("L" if lower ^ turned else "U"),
            self.letter("T" if transposed ^ turned else "N"),
            self.letter("U" if unit_diagonal else "N"),
            *[self.int_(v) for v in (n, count)],
            a.pointer,
            self.int_(n),
            columns.pointer,
            self.int_(n),
            info,
        )
        found = self.builder.load(info, typ=INT)
        place = self.builder.sub(self.builder.sext(found, LONG), LONG(1))
        self.fail_if(self.builder.icmp_signed(">", found, INT(0)), failure, place)
        self.copy(columns.swapped(), x)


def _cores(ufunc: Any, count: int) -> list[tuple[str, ...]]:
    """The names of the axes in the signature, operand by operand."""
    signature: str = ufunc.signature or ",".join(["()"] * count)
    inside = signature.replace("->", ",").replace(" ", "").replace("?", "")[1:-1].split("),(")
    return [tuple(filter(None, names.split(","))) for names in inside]


def _named(view: View, core: tuple[str, ...]) -> list[tuple[str, int]]:
    first = view.rank - len(core)
    return list(zip(core, view.shape[first:], strict=True))


def _repeated(view: View, rank: int, batch: tuple[Any, ...]) -> View:
    """A view, for each of a batch."""
    if view.rank > rank or not batch:
        return view
    strides = (0,) * len(batch) + view.strides
    return View(view.pointer, view.dtype, (*batch, *view.shape), strides)


def _extent(count: Count) -> float:
    return count if isinstance(count, int) else float("inf")
