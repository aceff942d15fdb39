"""Markdown for GitHub, compared with files: `WRITE_GOLDEN=1 pytest <this file>` writes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from automation.changes.cost_change import CostChange
from automation.changes.github import Comment, clean, failure_written, marker, write
from automation.changes.model import Change, Changes, Difference, Kind
from automation.errors import AutomationError

CUT_BY_THE_WORKFLOW = 64_000
"""Bytes, in `preview.yml`."""
GOLDEN = Path(__file__).parent / "golden"


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
                path="taskDefinition",
                old="arn:aws:ecs:us-east-1:1:task-definition/web:7",
                new="(known after apply)",
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


def cost(change: CostChange) -> str:
    return f"**Cost:** {change}"


_COST = CostChange(before=41.5, after=52.25, budget=100)
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
        remarks=[cost(CostChange(before=41.5, after=41.5))],
    ),
    "many-kinds": Comment(stack="dev", title="Preview", changes=MANY, remarks=[cost(_COST)]),
    "over-budget": Comment(
        stack="dev",
        title="Preview",
        changes=Changes(changes=MANY.changes[:1]),
        remarks=[cost(CostChange(before=41.5, after=100.01, budget=100))],
    ),
    "without-a-price": Comment(
        stack="dev",
        title="Preview",
        changes=Changes(changes=MANY.changes[:1]),
        remarks=[cost(CostChange(unknown="no price for AWS::Quantum"))],
    ),
    "failure": Comment(stack="dev", title="Preview", failure=_FAILURE),
    "drift": Comment(stack="prod", title="Drift", changes=Changes(changes=MANY.changes[2:3]), drift=True),
}


@pytest.mark.parametrize("name", COMMENTS)
def test_a_comment_is_equal_to_its_golden_file(name: str) -> None:
    path, text = GOLDEN / f"{name}.md", COMMENTS[name].markdown()
    if os.environ.get("WRITE_GOLDEN") == "1":
        path.write_text(text, encoding="utf-8")

    assert text == path.read_text(encoding="utf-8")


def test_each_golden_file_has_a_comment() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(COMMENTS)


def test_a_comment_starts_with_the_marker_of_its_stack() -> None:
    """A workflow finds the comment of the previous push by it."""
    assert all(comment.markdown().startswith(marker(comment.stack)) for comment in COMMENTS.values())
    assert marker("dev") != marker("dev-2")


def _changes(count: int, name: str = "alarm") -> Changes:
    return Changes(
        changes=tuple(
            change("create", "aws:cloudwatch/metricAlarm:MetricAlarm", f"{name}-{n:05}") for n in range(count)
        )
    )


@pytest.mark.parametrize(
    "policies", [[], ["advice     é"] * 5000 + ["dev: 65 controls"]], ids=["changes", "both"]
)
def test_a_comment_that_is_too_long_for_github_is_shortened(policies: list[str]) -> None:
    """Else the link to the log, which the workflow appends, would be inside of an open block of code."""
    changes = _changes(5000, "größe")
    text = Comment(stack="dev", title="Preview", changes=changes, policies=policies).markdown()

    assert len(text.encode()) < CUT_BY_THE_WORKFLOW
    shown = text.count("+ aws:cloudwatch:MetricAlarm größe-")
    assert f"… and {5000 - shown} more lines, which the log has" in text
    assert "5000 to create" in text, "the heading counts all changes"
    assert text.endswith("```\n\n</details>\n")


def test_a_long_failure_is_shortened_to_its_end() -> None:
    """The end has the reason."""
    text = Comment(stack="dev", title="Update", failure="x\n" * 100_000 + "error: this is why").markdown()

    assert len(text) < 10_000
    assert "\nx\nerror: this is why\n```\n" in text


def test_a_failure_cannot_end_its_code_block() -> None:
    text = Comment(stack="dev", title="Update", failure="`````\n<!-- -->").markdown()

    assert "``````text\n`````\n<!-- -->\n``````\n" in text


def test_invisible_characters_are_removed() -> None:
    assert clean("\x1b[38;5;9mred\x1b[0m\r\n\ttab\x07") == "red\n\ttab"


NO_CHANGES = Comment(stack="dev", title="Preview", changes=Changes())


def test_a_comment_is_overwritten_and_a_summary_is_appended(tmp_path: Path) -> None:
    for _ in range(2):
        write(tmp_path / "comment.md", NO_CHANGES)
        write(tmp_path / "summary.md", NO_CHANGES, append=True)

    assert (tmp_path / "comment.md").read_text() == NO_CHANGES.markdown()
    assert (tmp_path / "summary.md").read_text() == NO_CHANGES.markdown() * 2


@pytest.mark.parametrize("append", [False, True])
def test_a_file_that_cannot_be_written_is_an_error(*, append: bool, tmp_path: Path) -> None:
    with pytest.raises(AutomationError, match=r"/none/comment.md cannot be written: No such file"):
        write(tmp_path / "none" / "comment.md", NO_CHANGES, append=append)


def test_a_failure_is_written_and_raised_again(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"

    with pytest.raises(AutomationError, match="this is why"), failure_written(file, "dev", "Update"):
        raise AutomationError("this is why")

    assert "### Update of `dev`: failed\n\n```text\nthis is why\n```" in file.read_text()


def test_without_a_failure_nothing_is_written(tmp_path: Path) -> None:
    with failure_written(tmp_path / "summary.md", "dev", "Update"):
        pass

    assert not (tmp_path / "summary.md").exists()
