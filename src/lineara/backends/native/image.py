"""A kernel as it is before it is loaded: its object code, and what a call of it must know besides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lineara.backends.native import debug
from lineara.backends.native.callback import Callback, install
from lineara.backends.native.executable import Details, Executable
from lineara.backends.native.library import symbols
from lineara.backends.native.lists import RELEASE
from lineara.ir import ArrayType

KERNEL, CALLBACKS = "kernel", "lineara.callbacks"


@dataclass(frozen=True, slots=True)
class Image:
    """What is known of a kernel without its code; it can be pickled where its failures can.

    key         the digest by which its object code is kept
    exports     the symbols of it that are wanted besides the kernel
    the others  as those of an `Executable`
    """

    key: str
    exports: tuple[str, ...]
    parameters: tuple[ArrayType, ...]
    results: tuple[ArrayType, ...]
    workspace: int
    failures: tuple[Callable[[Details], Exception], ...]
    releases_gil: bool

    def loaded(
        self, code: bytes, callbacks: Sequence[Callback] = (), title: str = ""
    ) -> Executable:
        """The kernel in memory.

        Args:
            code: its object code.
            callbacks: the functions whose addresses its table has.
            title: what debuggers and profilers call it.

        Raises:
            ValueError, RuntimeError: the code names what is nowhere to be found.
        """
        table = [CALLBACKS] if callbacks else []
        exports = [KERNEL, *self.exports, *table]
        library = debug.load(code, exports, symbols(code), title)
        if callbacks:
            install(library[CALLBACKS], callbacks)
        return Executable(
            library[KERNEL],
            self.parameters,
            self.results,
            self.workspace,
            self.failures,
            (library, callbacks),
            self.releases_gil,
            library[RELEASE] if RELEASE in self.exports else 0,
        )
