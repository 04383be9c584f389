"""Containers of arrays: flattening with optree. `None` is a leaf, so that a stray one is reported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import optree

Tree = Any
TreeSpec = optree.PyTreeSpec


def flatten(tree: Tree) -> tuple[list[Any], TreeSpec]:
    """The leaves of a container, and its structure."""
    return optree.tree_flatten(tree, none_is_leaf=True, namespace="lineara")


def unflatten(spec: TreeSpec, leaves: Sequence[Any]) -> Tree:
    """A container of a structure."""
    return optree.tree_unflatten(spec, leaves)


def paths(tree: Tree, root: str) -> list[str]:
    """Where each leaf stands: `root['weights'][0]`."""
    accessors = optree.tree_accessors(tree, none_is_leaf=True, namespace="lineara")
    return [root + a.codify("") for a in accessors]
