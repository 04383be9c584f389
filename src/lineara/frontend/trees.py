"""Containers of arrays: flattening with optree. `None` is a leaf where a stray one is reported, else a part of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import optree

Tree = Any
TreeSpec = optree.PyTreeSpec


def flatten(tree: Tree) -> tuple[list[Any], TreeSpec]:
    """The leaves of a container, and its structure."""
    return optree.tree_flatten(tree, none_is_leaf=True, namespace="lineara")


def flatten_present(tree: Tree) -> tuple[list[Any], TreeSpec]:
    """The leaves of a container that are not None, and its structure, which has the None."""
    return optree.tree_flatten(tree, none_is_leaf=False, namespace="lineara")


def unflatten(spec: TreeSpec, leaves: Sequence[Any]) -> Tree:
    """A container of a structure."""
    return optree.tree_unflatten(spec, leaves)


def paths(tree: Tree, root: str, *, present: bool = False) -> list[str]:
    """Where each leaf stands, or each that is not None: `root['weights'][0]`."""
    accessors = optree.tree_accessors(tree, none_is_leaf=not present, namespace="lineara")
    return [root + a.codify("") for a in accessors]
