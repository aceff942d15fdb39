"""Comments of pull requests, to the letter: `WRITE_GOLDEN=1 pytest <this file>` writes the files anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from automation.changes.comment import LONGEST, Comment, clean, marker
from automation.changes.model import Change, Changes, Difference, Kind
from automation.changes.price import ChangeOfCost

GOLDEN = Path(__file__).parent / "golden"
RUN = "https://github.com/example/node-on-ecs/actions/runs/42"


def change(kind: Kind, token: str, name: str, *differences: Difference) -> Change:
    urn = f"urn:pulumi:dev::node-on-ecs::{token}::{name}"
    return Change(kind=kind, urn=urn, type=token, differences=differences)


MANY = Changes(
    changes=(
        change("create", "aws:cloudwatch/metricAlarm:MetricAlarm", "web-errors"),
        change("create", "node-on-ecs:infra:Monitoring", "web-monitoring"),
        change(
            "update",
            "aws:ecs/service:Service",
            "web",
            Difference(path="desiredCount", old="1", new="2"),
            Difference(
                path="taskDefinition", old="arn:aws:ecs:us-east-1:1:task-definition/web:7", new="computed"
            ),
            Difference(path='tags["a.b"]', new="```"),
        ),
        change(
            "replace",
            "aws:ecs/taskDefinition:TaskDefinition",
            "web",
            Difference(path="containerDefinitions", old="[secret]", new="[secret]"),
        ),
        change("delete", "aws:ec2/natGateway:NatGateway", "network-us-east-1a"),
    ),
    same=31,
)
_COST = ChangeOfCost(before=41.5, after=52.25, budget=100)
_FAILURE = """\
\x1b[1mUpdating (dev)\x1b[0m:\r
 \x1b[31m+\x1b[0m  aws:ecs:Service web creating (0s)
error: the tasks of `web` end as soon as they start:
```
Error: listen EADDRINUSE ````3000````
```
<b>no</b> @somebody"""

COMMENTS = {
    "no-changes": Comment(
        stack="dev",
        title="Preview",
        changes=Changes(same=36),
        remarks=[ChangeOfCost(before=41.5, after=41.5).markdown()],
        link=RUN,
    ),
    "many-kinds": Comment(stack="dev", title="Preview", changes=MANY, remarks=[_COST.markdown()], link=RUN),
    "over-budget": Comment(
        stack="dev",
        title="Preview",
        changes=Changes(changes=MANY.changes[:1]),
        remarks=[ChangeOfCost(before=41.5, after=100.01, budget=100).markdown()],
    ),
    "without-a-price": Comment(
        stack="dev",
        title="Preview",
        changes=Changes(changes=MANY.changes[:1]),
        remarks=[ChangeOfCost(unknown="nobody knows the price of AWS::Quantum").markdown()],
    ),
    "failure": Comment(stack="dev", title="Preview", failure=_FAILURE, link=RUN),
    "drift": Comment(stack="prod", title="Drift", changes=Changes(changes=MANY.changes[2:3]), drift=True),
}


@pytest.mark.parametrize("name", COMMENTS)
def test_a_comment_is_to_the_letter_what_it_was(name: str) -> None:
    path, text = GOLDEN / f"{name}.md", COMMENTS[name].markdown()
    if os.environ.get("WRITE_GOLDEN") == "1":
        path.write_text(text, encoding="utf-8")

    assert text == path.read_text(encoding="utf-8")


def test_no_file_is_left_over_from_a_comment_that_is_gone() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(COMMENTS)


def test_a_comment_is_found_again_by_what_it_begins_with() -> None:
    """The next push writes the same comment anew, and each stack has its own."""
    assert all(comment.markdown().startswith(marker(comment.stack)) for comment in COMMENTS.values())
    assert marker("dev") != marker("dev-2")


def _changes(count: int, name: str = "alarm") -> Changes:
    return Changes(
        changes=tuple(
            change("create", "aws:cloudwatch/metricAlarm:MetricAlarm", f"{name}-{n:05}") for n in range(count)
        )
    )


def test_a_comment_that_github_would_not_take_is_cut_and_says_so() -> None:
    text = Comment(stack="dev", title="Preview", changes=_changes(5000), link=RUN).markdown()

    assert len(text) <= LONGEST
    shown = text.count("+ aws:cloudwatch:MetricAlarm alarm-")
    assert f"… and {5000 - shown} lines more, which the log has" in text
    assert "5000 to create" in text, "the counts are those of all"
    assert text.endswith(f"```\n\n</details>\n\n[The whole output]({RUN})\n")


def test_of_a_long_failure_the_end_is_told() -> None:
    """It says why."""
    text = Comment(stack="dev", title="Update", failure="x\n" * 100_000 + "error: this is why").markdown()

    assert len(text) < 10_000
    assert text.endswith("error: this is why\n```\n")


def test_nothing_in_a_failure_ends_its_fence() -> None:
    text = Comment(stack="dev", title="Update", failure="`````\n<!-- -->").markdown()

    assert text.endswith("``````text\n`````\n<!-- -->\n``````\n")


def test_signs_that_nobody_sees_are_taken_out() -> None:
    assert clean("\x1b[38;5;9mred\x1b[0m\r\n\ttab\x07") == "red\n\ttab"
