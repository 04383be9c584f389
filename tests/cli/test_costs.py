"""cost and plan."""

import json

import pytest

from lineara import cost
from lineara.pipeline import Request, run
from lineara.syntax import parse_function


@pytest.fixture
def product(matvec):
    return parse_function(matvec.read_text())


def test_the_costs_are_those_of_the_stages(call, matvec, product):
    found = json.loads(call("cost", matvec, "--json").out)
    rows = {row["function"]: row for row in found["stages"]}
    (gradient,) = run(product, Request(), "grad")
    nonlinear, linear = run(product, Request(), "unzip")
    assert rows["product"]["work"] == cost.work(product)
    assert rows["product.grad"]["work"] == cost.work(gradient)
    assert rows["product.jvp.lin"]["size"] == cost.size(linear)
    assert rows["product.jvp.nonlin"]["tape_bytes"] == sum(p.type.nbytes for p in linear.params)
    assert rows["product.jvp.nonlin"]["peak_bytes"] == cost.peak_bytes(nonlinear)
    assert found["ratio"] == cost.work(gradient) / cost.work(product)


def test_a_ratio_that_is_kept_is_no_error(call, matvec):
    found = call("cost", matvec, "--max-ratio", 3)
    assert found.status == 0
    assert "work of the grad / work of the function = 2.71" in found.out


def test_a_ratio_that_is_exceeded_is_exit_status_1(call, matvec):
    found = call("cost", matvec, "--max-ratio", 2)
    assert found.status == 1
    assert "the ratio 2.71 exceeds 2" in found.err


def test_without_a_scalar_result_the_vjp_is_compared(call, model):
    found = call("cost", f"{model}:vector", "--args", "f64[1000]")
    assert found.status == 0
    assert "work of the vjp / work of the function" in found.out


def test_a_policy_trades_work_for_tape(call, model):
    target = ("cost", f"{model}:deep", "--args", "1.0", "--json")
    kept, less = (json.loads(call(*target, "--policy", p).out) for p in ("everything", "nothing"))

    def tape(found):
        return [row["tape_bytes"] for row in found["stages"] if row["tape_bytes"] is not None]

    assert tape(less) < tape(kept)
    assert less["ratio"] > kept["ratio"]


def test_a_plan_is_printed_edited_and_given_back(call, model, tmp_path):
    target = ("plan", f"{model}:deep", "--args", "0.5")
    before = call(*target)
    assert before.out.startswith("# tape 24 bytes, extra work 10\nplan deep.jvp\n")
    assert "work 30, model.py:12" in before.out
    file = tmp_path / "deep.plan"
    file.write_text(before.out.replace("checkpoint  ", "keep  "))
    after = call(*target, "--policy", file)
    assert after.out.startswith("# tape 32 bytes, extra work 0\n")
    value = [call("grad", f"{model}:deep", "0.5", *p).out for p in ([], ["--policy", file])]
    assert value[0] == value[1]


def test_a_plan_as_json(call, model):
    found = json.loads(call("plan", f"{model}:deep", "--args", "0.5", "--json").out)
    assert (found["tape_bytes"], found["extra_work"]) == (24, 10)
    assert [c["place"] for c in found["choices"] if c["decision"] == "checkpoint"] == ["f"]


def test_a_plan_for_another_function_is_an_error_with_its_line(call, model, tmp_path):
    file = tmp_path / "other.plan"
    file.write_text("plan f.jvp\n  keep x\n")
    found = call("grad", f"{model}:deep", "0.5", "--policy", file)
    assert found.status == 1
    assert "no choices in a function `f.jvp`" in found.err
    assert "line 1" in found.err
