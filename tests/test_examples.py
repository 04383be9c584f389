"""The examples run, and do what their first lines say."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lineara.cli import app

ROOT = Path(__file__).parent.parent
PYTHON = sorted((ROOT / "examples").glob("*.py"))
TEXT = sorted((ROOT / "examples").glob("*.lin"))
COMMANDS = [
    (line.group(1), file)
    for file in TEXT
    for line in re.finditer(r"^# lineara (.*?)(?:   .*)?$", file.read_text(), re.MULTILINE)
]
EXPECTED = {
    "quickstart": ["is right True", "step 200: loss 0.0"],
    "checkpointing": ["tape  320000 bytes", "tape    8000 bytes"],
    "linear_maps": ["<w, J v> = <J.T w, v>: True", "residual True", "is refused"],
}


def test_there_are_examples():
    assert {file.stem for file in PYTHON} == set(EXPECTED)
    assert {file.name for _, file in COMMANDS} == {file.name for file in TEXT}


@pytest.mark.parametrize("file", PYTHON, ids=lambda file: file.stem)
def test_an_example_in_python_runs(file):
    done = subprocess.run([sys.executable, file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for words in EXPECTED[file.stem]:
        assert words in done.stdout
    assert "same bits: False" not in done.stdout


@pytest.mark.parametrize("file", TEXT, ids=lambda file: file.stem)
def test_an_example_program_is_well_typed(file):
    assert CliRunner().invoke(app, ["check", str(file)]).exit_code == 0


@pytest.mark.parametrize(("command", "file"), COMMANDS)
def test_the_commands_in_an_example_program_work(command, file, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert file.name in command
    found = CliRunner().invoke(app, shlex.split(command))
    assert found.exit_code == 0, found.output


def test_the_product_of_the_results_of_matvec_has_the_gradient_that_its_head_names(monkeypatch):
    monkeypatch.chdir(ROOT)
    (command,) = [c for c, file in COMMANDS if file.stem == "matvec"]
    found = CliRunner().invoke(app, shlex.split(command))
    assert "d/dv (77.0, 382.0)" in found.stdout
