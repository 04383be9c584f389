"""The pages keep their word: examples run as printed, and the links to files lead somewhere."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SESSION = re.compile(r"^```(?:python|pycon)\n(>>> .*?)^```$", re.DOTALL | re.MULTILINE)
NAMED_PATH = re.compile(r"`((?:src|tests|scripts|benchmarks|examples|docs)/[\w./*-]+)(?:::(\w+))?`")
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS | doctest.REPORT_ONLY_FIRST_FAILURE


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


def exists(pattern: str, definition: str) -> bool:
    """Whether a file matches the pattern and, where a definition is named, holds it."""
    files = ROOT.glob(pattern)
    if not definition:
        return any(files)
    head = re.compile(rf"^\s*(def|class) {definition}\b|^{definition}\b", re.MULTILINE)
    return any(head.search(file.read_text(encoding="utf-8")) for file in files)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_files_and_definitions_it_names_exist(page):
    named = NAMED_PATH.findall(page.read_text(encoding="utf-8"))
    assert [path for path in named if not exists(*path)] == []
