"""The page of primitives, from the registry: printed when run, added to the site as a hook of mkdocs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mkdocs.structure.files import File, Files

from lineara.primitives import REGISTRY

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

    from lineara.ir import Primitive

HEAD = """# The primitives

{count} operations on arrays, one record each. A primitive that is not linear has a derivative, from
its partials; one that is linear in some of its operands has a transpose, and its derivative follows from
its linearity; none has a rule for reverse mode. "Linear in" names operands, counted from 1:
`1; 2` is linear in each by itself, `1, 2` in both together, `all` in all together.

Calls, tuples, literals and the structural four (`zero`, `add`, `dup`, `drop`) are not primitives but
forms of [the language](language.md).
"""


def linearity(primitive: Primitive) -> str:
    """In which operands a primitive is linear: `1; 2` each by itself, `1, 2` jointly, `all` jointly."""
    if primitive.jointly:
        return "all"
    return (
        "; ".join(", ".join(str(i + 1) for i in sorted(group)) for group in primitive.linear_in)
        or "–"
    )


def derivative(primitive: Primitive) -> str:
    """Where the derivative of a primitive comes from."""
    if primitive.jvp is None:
        return "–"
    return "linearity" if primitive.transpose is not None else "partials"


def escape(text: str) -> str:
    """Text that may stand in a cell of a table, as code."""
    return f"`{text}`".replace("|", "\\|")


def page() -> str:
    """The whole page, in Markdown."""
    families: defaultdict[str, list[Primitive]] = defaultdict(list)
    for primitive in REGISTRY.values():
        families[primitive.family].append(primitive)
    parts = [HEAD.format(count=len(REGISTRY))]
    for family, members in families.items():
        parts.append(f"\n## {family.capitalize()}\n\n| name | law | linear in | derivative |")
        parts.append("|---|---|---|---|")
        parts += [
            f"| `{p.name}` | {escape(p.law)} | {linearity(p)} | {derivative(p)} |"
            for p in sorted(members, key=lambda p: p.name)
        ]
    return "\n".join(parts) + "\n"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page to the site."""
    files.append(File.generated(config, "primitives.md", content=page()))
    return files


if __name__ == "__main__":
    print(page())
