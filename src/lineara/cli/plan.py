"""`lineara plan`: what a gradient keeps on the tape, as text to edit and give back."""

from __future__ import annotations

from lineara.cli.console import console, show_json, show_program
from lineara.cli.options import ArgsOption, JsonOption, PolicyOption, TargetArgument, policy_of
from lineara.cli.target import load
from lineara.transforms import Plan, plan_of


def plan(
    target: TargetArgument,
    args: ArgsOption = None,
    policy: PolicyOption = "as_written",
    as_json: JsonOption = False,
) -> None:
    """Print the checkpoint plan of a gradient: for every value that the linear half reads, whether it is kept.

    Save it, change a `keep` to `recompute` (at a call also to `checkpoint`) or back, and give the file to any `--policy`: the
    values stay the same to the last bit, and the first line says what the edited plan costs.

        lineara plan model.lin:loss > loss.plan

        lineara plan model.lin:loss --policy loss.plan
    """
    asked, loaded = policy_of(policy), load(target, args)
    (derivative,) = loaded.stage("simplify")
    if isinstance(asked, Plan):
        asked.check(derivative)
    made = plan_of(derivative, asked)
    if not as_json:
        show_program(str(made), console())
        return
    fields = ("place", "equation", "note")
    choices = [
        {"function": s.function, "mark": s.mark, "decision": c.decision.value}
        | {name: getattr(c, name) for name in fields}
        for s in made.sections
        for c in s.choices
    ]
    show_json({"tape_bytes": made.tape_bytes, "extra_work": made.extra_work, "choices": choices})
