"""Memory against work: what the tape keeps is a choice, and never changes a bit of the result."""

import numpy as np

import lineara

x = np.linspace(0.0, 1.0, 1000)


def layer(x):
    """One of many; it makes five arrays as large as its argument."""
    return np.tanh(np.sin(x) * np.exp(-x)) + x


def deep(x, layer=layer):
    """A chain of layers."""
    for _ in range(10):
        x = layer(x)
    return np.sum(x)


def deep_with_names(x):
    """The same, with a name for the value between the layers."""
    return deep(x, lambda x: lineara.name(layer(x), "between"))


def report(what, f, policy=lineara.as_written):
    """Print what the gradient of a function keeps under a policy."""
    plan = lineara.plan(f, x, policy=policy)
    same = np.array_equal(lineara.grad(f, policy=policy)(x), lineara.grad(deep)(x))
    print(f"{what:32} tape {plan.tape_bytes:7} bytes, extra work {plan.extra_work:7}, same bits: {same}")  # fmt: skip


def main():
    """Compare policies, then edit a plan."""
    report("keep everything", deep)
    report("checkpoint each layer", lambda x: deep(x, lineara.checkpoint(layer)))
    report("keep results of tanh", deep, lineara.save_only("tanh"))
    report("keep what has a name", deep_with_names, lineara.save_names("between"))
    report("keep the argument only", deep, lineara.nothing)

    plan = lineara.plan(deep, x)
    text = str(plan)
    print("\nThe plan of the first, a line for each choice:\n")
    print("\n".join(text.splitlines()[:6]))
    first = next(line for line in text.splitlines() if "keep" in line)
    edited = lineara.Plan.parse(text.replace(first, first.replace("keep", "recompute")))
    print("\nwith its first line changed by hand:")
    report("edited", deep, edited)


if __name__ == "__main__":
    main()
