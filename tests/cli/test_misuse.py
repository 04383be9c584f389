"""Questions that make no sense: exit status 2, one message, a mend, and never a traceback."""

import os
import subprocess
import sys

import pytest

from lineara.cli import app
from lineara.cli.console import console, show_program
from lineara.cli.failures import UsageError
from lineara.cli.values import evaluate


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["check", "nowhere.lin"], "cannot read nowhere.lin"),
        (["show", "nowhere.py:f", "--args", "1.0"], "cannot read nowhere.py"),
        (["show", "no_such_module:f", "--args", "1.0"], "no module `no_such_module`"),
        (["show", "MODEL:f"], "traced at arguments"),
        (["show", "MODEL", "--args", "1.0"], "names no function"),
        (["show", "MODEL:deeep", "--args", "1.0"], "did you mean `deep`?"),
        (["show", "MODEL:number", "--args", "1.0"], "`number` in"),
        (["show", "MODEL:f", "--args", "1.0"], "missing 1 required positional argument"),
        (["show", "MODEL:f", "--args", "1.0, f(3)"], "`f` is none of ones"),
        (["show", "MODEL:f", "--args", "1.0, [["], "the arguments are no Python"),
        (["show", "MODEL:f", "--args", "1.0, 2.0", "--stage", "jpv"], "no stage `jpv`"),
        (["show", "MODEL:f", "--args", "1.0, 2.0", "--policy", "keep"], "neither a policy nor"),
        (["show", "MATVEC", "--args", "1.0"], "--args is for Python functions"),
        (["show", "MATVEC:produkt"], "did you mean `product`?"),
        (["run", "MATVEC", "product", "(1, 2)"], "takes 2 arguments, not 1"),
        (["run", "MATVEC", "product", "(1, 2)", "(1, 2)"], "expected (f64, f64)"),
        (
            ["grad", "MATVEC:matvec", "((1, 2), (3, 4))", "(1, 2)"],
            "gives f64, f64, which is no scalar",
        ),
        (["grad", "MODEL:branch", "1"], "no argument has a tangent"),
        (["run", "MATVEC", "dot", "(1, 2)", "(1, 2)", "--backend", "numpy"], "no back end `numpy`"),
        (["grad", "MODEL:f", "1.0", "2.0", "--polcy", "nothing"], "no option `--polcy`"),
    ],
)
def test_misuse_is_exit_status_2_and_a_message(call, model, matvec, words, message):
    found = call(*[w.replace("MODEL", str(model)).replace("MATVEC", str(matvec)) for w in words])
    assert found.status == 2, found
    assert message in found.err
    assert "Traceback" not in found.err


def test_an_exception_in_the_user_s_function_is_told_with_its_line(call, model):
    found = call("show", f"{model}:broken", "--args", "1.0")
    assert found.status == 1
    assert "NameError: name 'undefined' is not defined" in found.err
    assert "return x / undefined" in found.err


def test_python_that_cannot_be_traced_is_told_with_its_line(call, model):
    found = call("show", f"{model}:branch", "--args", "f64")
    assert found.status == 1
    assert "return x if x > 0 else -x" in found.err


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "open('x')",
        "f64[-1]",
        "[[1, 2], [3]]",
        "1 if 2 else 3",
        "x.y",
        "np.ones('a')",
    ],
)
def test_arguments_run_no_code(text):
    with pytest.raises(UsageError):
        evaluate(text)


def test_arguments_are_literals_types_and_constructors():
    number, array, type_, box, made = evaluate(
        "-2.5, [[1, 2]], f32[2,3], {'a': (1, 2j)}, np.ones(3)"
    )
    assert (number, repr(type_), box) == (-2.5, "f32[2,3]", {"a": (1, 2j)})
    assert (array.shape, made.tolist()) == ((1, 2), [1.0, 1.0, 1.0])


@pytest.mark.parametrize("command", [c.callback.__name__ for c in app.registered_commands])
def test_help_teaches_with_an_example(call, command):
    found = call(command, "--help")
    assert found.status == 0
    assert f"lineara {command}" in found.out


def test_colours_are_for_terminals(monkeypatch, capsys):
    show_program("def f(x: f64) -> f64 =\n  x\n")
    assert capsys.readouterr().out == "def f(x: f64) -> f64 =\n  x\n"
    monkeypatch.setenv("FORCE_COLOR", "1")
    show_program("def f(x: f64) -> f64 =\n  x\n", console())
    assert "\x1b[1;35mdef" in capsys.readouterr().out


def test_the_installed_command(matvec):
    environment = os.environ | {"NO_COLOR": "1"}
    words = [sys.executable, "-m", "lineara", "grad", str(matvec), "((2,7),(1,8))", "(2,3)"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.splitlines()[-1] == "d/dv (77.0, 382.0)"
    assert done.stderr == ""
