"""What an installed lineara carries besides its code."""

import csv
from collections import Counter
from importlib import metadata, resources

DATA = resources.files("lineara") / "demo" / "data"


def test_the_package_says_that_it_is_typed():
    assert (resources.files("lineara") / "py.typed").is_file()


def test_the_command_is_installed():
    (command,) = metadata.entry_points(group="console_scripts", name="lineara")
    assert command.value == "lineara.cli:main"


def test_the_data_set_is_whole():
    with (DATA / "iris.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter(row["species"] for row in rows) == {
        "setosa": 50,
        "versicolor": 50,
        "virginica": 50,
    }
    sums = {name: sum(round(10 * float(row[name])) for row in rows) for name in list(rows[0])[:4]}
    assert sums == {
        "sepal_length_cm": 8765,
        "sepal_width_cm": 4586,
        "petal_length_cm": 5637,
        "petal_width_cm": 1799,
    }


def test_the_data_set_names_its_source():
    text = (DATA / "README.md").read_text(encoding="utf-8")
    assert "Fisher" in text
    assert "Anderson" in text
