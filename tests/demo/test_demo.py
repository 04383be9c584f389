"""The main job: the data, the gradients, the fit, and what is shown of them."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from lineara.cli import app
from lineara.demo import agreement, costs_of_the_fit, draw, fit, irises
from lineara.demo.mixture import covariances, log_sum_exp, loss, start, weights
from lineara.errors import LinearaError


@pytest.fixture(scope="module")
def data():
    return irises()


@pytest.fixture(scope="module")
def fitted(data):
    return fit(data, 300)


def test_the_loss_is_the_negative_log_likelihood_of_a_mixture(data):
    scipy_stats = pytest.importorskip("scipy.stats")
    parameters, x = start(data.measurements, 3), data.measurements
    parameters["below_diagonal"] = parameters["below_diagonal"] + 0.3
    densities = [
        w * scipy_stats.multivariate_normal(m, c).pdf(x)
        for w, m, c in zip(
            weights(parameters), parameters["means"], covariances(parameters), strict=True
        )
    ]
    assert np.isclose(loss(parameters, x), -np.mean(np.log(sum(densities))), rtol=1e-12)


def test_log_sum_exp_does_not_overflow():
    assert np.allclose(log_sum_exp(np.array([[1000.0, 1000.0]])), 1000 + np.log(2))


def test_reverse_mode_agrees_with_forward_mode_and_differences(data):
    found = agreement(start(data.measurements, 3), data.measurements)
    assert found.forward_error < 1e-12
    assert found.differences_error < 1e-7


def test_the_checkpoint_saves_memory_costs_work_and_changes_no_bit(data):
    costs = costs_of_the_fit(start(data.measurements, 3), data.measurements)
    assert costs.same_bits
    assert costs.checkpointed_tape_bytes < costs.tape_bytes / 5
    assert costs.gradient_work < costs.checkpointed_gradient_work < 2 * costs.gradient_work
    assert 1 < costs.ratio < 4


def test_the_fit_finds_the_known_maximum(fitted):
    assert fitted.converged
    assert fitted.log_likelihood == pytest.approx(-180.19, abs=0.01)
    assert fitted.matching == 145
    assert sorted(fitted.counts.sum(axis=1)) == [45, 50, 55]


def test_the_loss_falls(fitted):
    assert all(np.diff(fitted.losses) <= 1e-12)


def test_each_step_is_told(data):
    heard = []
    short = fit(data, 3, lambda step, value: heard.append((step, value)))
    assert heard == list(enumerate(short.losses))[1:]
    assert not short.converged


def test_a_picture_is_written(fitted, data, tmp_path):
    pytest.importorskip("matplotlib")
    draw(fitted, data, tmp_path / "fit.png")
    assert (tmp_path / "fit.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_error_says_what_to_install(fitted, data, monkeypatch):
    monkeypatch.setattr("lineara.demo.plot.find_spec", lambda name: None)
    with pytest.raises(LinearaError, match="pip install matplotlib"):
        draw(fitted, data, Path("fit.png"))


def test_the_command_shows_it_all(tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "fit.png"
    found = CliRunner().invoke(app, ["demo", "--steps", "5", "--plot", str(picture)])
    assert found.exit_code == 0, found.output
    for words in ("# transpose: ", "tape bytes", "forward mode", "stopped after 5 steps", "setosa"):
        assert words in found.stdout
    assert picture.exists()


def test_the_command_tells_programs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = CliRunner().invoke(app, ["demo", "--steps", "5", "--no-plot", "--json"])
    assert found.exit_code == 0
    summary = json.loads(found.stdout)
    assert summary["costs"]["same_bits"]
    assert [check["agrees"] for check in summary["checks"]] == [True, True]
    assert summary["fit"]["steps"] == 5
    assert summary["plot"] is None
    assert list(tmp_path.iterdir()) == []
