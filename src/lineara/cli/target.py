"""Targets: the function that a command is about, from a text program or from Python."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from lineara import pipeline
from lineara.api import trace
from lineara.cli.failures import UsageError, code_of_user, values_from_user
from lineara.cli.values import evaluate
from lineara.ir import Function, Type, has_tangent
from lineara.ir.names import variable_names
from lineara.syntax import parse, parse_value
from lineara.syntax.names import closest
from lineara.transforms import Policy, as_written
from lineara.typecheck import check


@dataclass(frozen=True, slots=True)
class Target:
    """A function, the values of its parameters where they are known, and the number of those that are differentiated.

    The parameters that follow are what a Python function closes over.
    """

    function: Function
    values: tuple[Any, ...] | None
    differentiated: int

    @property
    def wrt(self) -> tuple[bool, ...]:
        """Which parameters are differentiated: those that have tangents."""
        return tuple(
            has_tangent(p.type) and i < self.differentiated
            for i, p in enumerate(self.function.params)
        )

    @property
    def names(self) -> list[str]:
        """The printed names of the differentiated parameters."""
        names = variable_names(self.function)
        return [names[p] for p, w in zip(self.function.params, self.wrt, strict=True) if w]

    def stage(self, name: str, policy: Policy = as_written) -> tuple[Function, ...]:
        """What a stage of the pipeline gives."""
        return pipeline.run(self.function, pipeline.Request(self.wrt, policy=policy), name)


def load(target: str, args: str | None = None, values: Sequence[str] | None = None) -> Target:
    """The function of a target, at Python arguments `args`, or at `values`, one text each.

    Raises:
        UsageError: if there is no such function, or the arguments do not fit.
    """
    for value in values or ():
        if value.startswith("--"):
            raise UsageError(f"no option `{value}`", mend="see --help for the options")
    place, name = _split(target)
    if place.endswith(".lin"):
        if args is not None:
            raise UsageError(
                "--args is for Python functions",
                mend="leave it out: a text program says its types itself",
            )
        function = check(text_function(place, name))
        return Target(function, fitted(function, values), len(function.params))
    if not name:
        raise UsageError(f"`{target}` names no function", mend=f"write {place}:FUNCTION")
    if args is None and values is None:
        raise UsageError(
            f"`{target}` is a Python function, which is traced at arguments",
            mend='add --args, for example --args "2.0, f64[3]"',
        )
    given = evaluate(args if args is not None else ", ".join(values or ()))
    return _traced(_python_function(place, name), given, target)


def text_function(file: str, name: str) -> Function:
    """A function of a text program, by name, or its last, not checked."""
    functions = read(file)
    name = name or next(reversed(functions), "")
    if name not in functions:
        raise UsageError(
            f"no function `{name}` in {file}" if name else f"no function in {file}",
            mend=closest(name, functions) or f"it has {', '.join(list(functions)[:10])}",
        )
    return functions[name]


def read(file: str) -> dict[str, Function]:
    """The functions of a text program."""
    return parse(read_text(file), file)


def read_text(file: str) -> str:
    """The text of a file."""
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UsageError(
            f"cannot read {file}: {why}", mend="give the path of a text file"
        ) from None


def fitted(function: Function, values: Sequence[str] | None) -> tuple[Any, ...] | None:
    """Values of the types of all parameters."""
    if values is None:
        return None
    params = (*function.params, *function.linear_params)
    if len(values) != len(params):
        signature = ", ".join(repr(p.type) for p in params)
        raise UsageError(
            f"`{function.name}` takes {len(params)} arguments, not {len(values)}",
            mend=f"give values of the types {signature}" if params else "give none",
        )
    with values_from_user():
        return tuple(parse_value(v, p.type) for v, p in zip(values, params, strict=True))


def _split(target: str) -> tuple[str, str]:
    """The file or module of a target, and the function."""
    if target.endswith((".lin", ".py")):
        return target, ""
    place, _, name = target.rpartition(":")
    return (place, name) if place else (target, "")


def _python_function(place: str, name: str) -> Callable[..., Any]:
    """A function of a Python file or of an importable module."""
    module = _file(place) if place.endswith(".py") else _module(place)
    try:
        found = reduce(getattr, name.split("."), module)
    except AttributeError:
        known = [n for n, x in vars(module).items() if callable(x) and not n.startswith("_")]
        mend = closest(name, known) or f"it has {', '.join(known[:10])}"
        raise UsageError(f"no function `{name}` in {place}", mend=mend) from None
    if not callable(found):
        raise UsageError(f"`{name}` in {place} is no function", mend="name a function of arrays")
    return found  # type: ignore[no-any-return]


def _file(place: str) -> Any:
    read_text(place)
    path = Path(place).resolve()
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    with code_of_user(f"importing {place}"):
        spec.loader.exec_module(module)
    return module


def _module(place: str) -> Any:
    sys.path.insert(0, str(Path.cwd()))
    with code_of_user(f"importing {place}"):
        try:
            return importlib.import_module(place)
        except ModuleNotFoundError as error:
            raise UsageError(
                f"no module `{error.name}`", mend="give a file: model.py:FUNCTION, model.lin:NAME"
            ) from None


def _traced(f: Callable[..., Any], args: tuple[Any, ...], target: str) -> Target:
    with code_of_user(f"`{target}`"):
        program = trace(f, *args)
    leaves = program.arguments.leaves
    known = not any(isinstance(x, Type) for x in leaves)
    values = (*leaves, *program.recorded.captured) if known else None
    return Target(program.function, values, len(leaves))
