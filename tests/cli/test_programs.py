"""check, show, run and grad."""

import json

import pytest

from lineara.backends import choice
from lineara.backends.reference import evaluate
from lineara.pipeline import STAGE_NAMES, STAGES
from lineara.syntax import parse
from lineara.typecheck import check

USED_TWICE = """def f(x: f64 ; t: f64) -> ( ; f64, f64) =
  let (; a) = x *. t
  let (; b) = x *. t
  ( ; a, b)
"""


def test_a_good_program_is_well_typed(call, matvec):
    found = call("check", matvec)
    assert (found.status, found.err) == (0, "")
    assert found.out.endswith("matvec.lin: 3 functions, well-typed\n")


def test_an_ill_typed_program_is_an_error_with_a_caret(call, tmp_path):
    file = tmp_path / "bad.lin"
    file.write_text(USED_TWICE)
    found = call("check", file)
    assert found.status == 1
    assert "the linear variable `t` is used twice" in found.err
    assert "line 3" in found.err
    assert "^" in found.err
    assert "mend: split it first" in found.err


def test_errors_as_json_name_the_rule_and_the_place(call, tmp_path):
    file = tmp_path / "bad.lin"
    file.write_text(USED_TWICE)
    found = call("check", file, "--json")
    assert found.status == 1
    (error,) = json.loads(found.out)["errors"]
    assert (error["rule"], error["variable"], error["line"]) == ("used twice", "t", 3)


def test_text_that_is_no_program_is_an_error(call, tmp_path):
    file = tmp_path / "bad.lin"
    file.write_text("def f(x: f64 -> f64 = x")
    found = call("check", file)
    assert found.status == 1
    assert "line 1, column 14" in found.err


@pytest.mark.parametrize("stage", STAGE_NAMES)
def test_what_show_prints_is_a_well_typed_program(call, matvec, stage):
    found = call("show", matvec, "--stage", stage)
    assert found.status == 0
    for function in parse(found.out).values():
        check(function)


def test_all_stages_are_shown_with_their_laws(call, model):
    found = call("show", f"{model}:f", "--stage", "all", "--args", "1.0, f64")
    assert found.status == 0
    assert [line for line in found.out.splitlines() if ": " in line and line.startswith("# ")] == [
        f"# {stage.name}: {stage.law}" for stage in STAGES
    ]
    assert found.out.count("def f.jvp.nonlin(") == 1


def test_the_stages_as_json(call, model):
    found = call("show", f"{model}:f", "--stage", "unzip", "--args", "1.0, 2.0", "--json")
    (stage,) = json.loads(found.out)
    assert stage["functions"] == ["f.jvp.nonlin", "f.jvp.lin"]
    assert list(parse(stage["text"])) == stage["functions"]


def test_stages_before_the_failing_one_are_shown(call, model):
    found = call("show", f"{model}:vector", "--stage", "all", "--args", "f64[3]")
    assert found.status == 1
    assert "# vjp: " in found.out
    assert "the gradient of a result of type f64[3] is not defined" in found.err


def test_a_policy_changes_the_tape(call, model):
    plain = call("show", f"{model}:deep", "--stage", "unzip", "--args", "1.0")
    less = call("show", f"{model}:deep", "--stage", "unzip", "--args", "1.0", "--policy", "nothing")
    assert "-> (f64, f64) =" in less.out
    assert less.out.count("recompute ") > plain.out.count("recompute ")


def test_a_module_is_found_from_the_current_directory(call, model, monkeypatch):
    monkeypatch.chdir(model.parent)
    assert call("show", "model:f", "--args", "1.0, 2.0").out.startswith("# source")


def test_run_evaluates(call, matvec):
    assert call("run", matvec, "product", "((2, 7), (1, 8))", "(2, 3)").out == "650.0\n"
    assert call("run", matvec, "matvec", "((2, 7), (1, 8))", "(2, 3)").out == "25.0\n26.0\n"


def test_run_takes_linear_arguments_last(call, matvec):
    found = call("run", matvec.parent / "linear.lin", "rotate", "0.0", "1.0", "-2.0", "--json")
    assert json.loads(found.out) == [1.0, -2.0]


def test_run_takes_python(call, model):
    assert call("run", model, "f", "0.0", "-2.0").out == "0.0\n"


def test_the_gradient_of_the_product_of_a_matrix_and_a_vector(call, matvec):
    found = call("grad", matvec, "((2, 7), (1, 8))", "(2, 3)", "--check", "--json")
    result = json.loads(found.out)
    assert found.status == 0
    assert result["value"] == 650
    assert result["gradient"] == {"m": [[52, 78], [50, 75]], "v": [77, 382]}
    assert result["difference"] < 1e-14


def test_a_gradient_is_printed_by_argument(call, model):
    found = call("grad", f"{model}:f", "0.0", "3.0", "--check")
    lines = found.out.splitlines()
    assert lines[:3] == ["value 0.0", "d/dx 4.0", "d/dy 0.0"]
    assert lines[3].startswith("forward mode agrees")


def test_a_gradient_of_a_container(call, model):
    found = call("grad", f"{model}:total", "{'a': [1.0, 2.0], 'b': [3.0, 4.0]}")
    assert found.out.splitlines() == ["value 11.0", "d/dp_a [3.0, 4.0]", "d/dp_b [1.0, 2.0]"]


def test_a_python_branch_on_a_value_is_followed(call, model):
    assert "d/dx -1.0" in call("grad", f"{model}:branch", "-2.0").out


def test_a_gradient_that_forward_mode_does_not_confirm_fails(call, model, monkeypatch):
    monkeypatch.setattr("lineara.cli.grad.disagreement", lambda target, bars: 0.5)
    found = call("grad", f"{model}:f", "0.0", "3.0", "--check")
    assert found.status == 1
    assert "forward mode differs by 5.0e-01" in found.err


def test_the_readme_shows_what_show_prints(call, model, matvec):
    readme = (matvec.parent.parent / "README.md").read_text()
    model.write_text("import numpy as np\ndef f(x, y): return np.sin(x) * y\n")
    for stage in ("unzip", "transpose"):
        found = call("show", f"{model}:f", "--args", "0.0, 2.0", "--stage", stage)
        for text in found.out.split("\n\n")[1:]:
            assert text.strip() in readme


LISTING = """def below(c: f64) -> bool =
  lt(c, 9.0)

def step(c: f64) -> (f64, f64) =
  let b = c * c
  (b, c)

def powers(x: f64) -> (i64, f64, list[f64]) =
  let n, c, ys = while below() do step() from (x)
  (n, c, ys)
"""


@pytest.mark.parametrize("options", [(), ("--backend", "native"), ("--backend", "reference")])
def test_values_in_either_back_end(call, matvec, options):
    found = call("run", matvec, "matvec", "((2, 7), (1, 8))", "(2, 3)", *options)
    assert (found.status, found.out) == (0, "25.0\n26.0\n")
    found = call("run", matvec, "matvec", "((2, 7), (1, 8))", "(2, 3)", *options, "--json")
    assert json.loads(found.out) == [25.0, 26.0]


@pytest.mark.parametrize("options", [(), ("--backend", "reference")])
def test_the_list_that_a_loop_leaves(call, tmp_path, options):
    file = tmp_path / "powers.lin"
    file.write_text(LISTING)
    assert call("run", file, "powers", "2.0", *options).out == "2\n16.0\n[2.0, 4.0]\n"
    assert json.loads(call("run", file, "powers", "2.0", *options, "--json").out) == [2, 16, [2, 4]]


def test_the_back_end_is_chosen_for_one_command(call, matvec, monkeypatch):
    asked = []
    monkeypatch.setattr(
        choice, "evaluate", lambda f, args: asked.append(f.name) or evaluate(f, args)
    )
    words = "run", matvec, "dot", "(2, 7)", "(1, 8)"
    assert call(*words).out == call(*words, "--backend", "reference").out
    assert asked == ["dot"]
    assert call("grad", f"{matvec}:dot", "(2, 7)", "(1, 8)", "--check").status == 0
    assert asked == ["dot"]
