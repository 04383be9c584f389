"""The pages keep their word: examples run as printed, and the links to files lead somewhere."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SESSION = re.compile(r"^```(?:python|pycon)\n(>>> .*?)^```$", re.DOTALL | re.MULTILINE)
NAMED_PATH = re.compile(r"`((?:src|tests|scripts|benchmarks|examples|docs)/[\w./*-]+)`")
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def sessions(page: Path) -> doctest.DocTest:
    """The interactive sessions of a page as one test, in which names carry over."""
    text = page.read_text(encoding="utf-8")
    examples = []
    for block in SESSION.finditer(text):
        line = text.count("\n", 0, block.start(1))
        for example in doctest.DocTestParser().get_examples(block[1], name(page)):
            example.lineno += line
            examples.append(example)
    return doctest.DocTest(examples, {}, name(page), str(page), 0, text)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_examples_run_as_printed(page):
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    runner.run(sessions(page), out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_files_it_names_exist(page):
    missing = [
        path
        for path in NAMED_PATH.findall(page.read_text(encoding="utf-8"))
        if not any(ROOT.glob(path))
    ]
    assert not missing
