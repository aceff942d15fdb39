"""What would change, and what somebody changed by hand, told by the commands that a person types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.resources.cloud import Cloud
from tests.integration.automation.driver import Told, drive
from tests.integration.project import Project, taken_down

pytestmark = pytest.mark.docker


@pytest.fixture(
    scope="module",
    params=["in-process", pytest.param("cli", marks=pytest.mark.pulumi)],
    ids=["ours", "Pulumi's"],
)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Dev, up by either engine; each test leaves it without drift."""
    project = Project.copy_to(tmp_path_factory.mktemp("project"))
    project.engine = request.param
    with taken_down(project):
        project.write_without_tasks("dev", log_retention_days=7)
        done(drive(project, "up", "dev"))
        yield project


def done(told: Told) -> Told:
    assert told.code == 0, told.err
    return told


def group_of(project: Project) -> str:
    outputs = json.loads(done(drive(project, "outputs", "dev", "--json")).out)
    return outputs["log_group_name"]


def logs(project: Project) -> Any:
    return Cloud(project.endpoint, region="us-east-1").client("logs")


def days(project: Project) -> int | None:
    (group,) = logs(project).describe_log_groups(logGroupNamePrefix=group_of(project))["logGroups"]
    return group.get("retentionInDays")


def state(project: Project) -> dict[str, Any]:
    resources = json.loads(project.state_file().read_text())["checkpoint"]["latest"]["resources"]
    (found,) = (one for one in resources if one["type"] == "aws:cloudwatch/logGroup:LogGroup")
    return found


def differences(document: str) -> list[tuple[str, str | None, str | None]]:
    (change,) = json.loads(document)["changes"]
    assert (change["kind"], change["type"]) == ("update", "aws:cloudwatch/logGroup:LogGroup")
    return [(one["path"], one["old"], one["new"]) for one in change["differences"]]


def test_a_stack_as_its_update_left_it_has_no_drift(stack: Project) -> None:
    told = drive(stack, "drift", "dev")

    assert (told.code, told.out) == (0, "dev: nothing was changed by hand\n"), told.err


def test_a_change_by_hand_is_found_and_left_and_the_next_update_mends_it(stack: Project) -> None:
    logs(stack).put_retention_policy(logGroupName=group_of(stack), retentionInDays=30)
    summary = stack.folder / "summary.md"

    found = drive(stack, "drift", "dev", "--json", "--summary", str(summary))

    assert found.code == 3, found.err
    assert differences(found.out) == [("retentionInDays", "7", "30")]
    assert "### Drift of `dev`: 1 changed by hand" in summary.read_text()
    assert (days(stack), state(stack)["inputs"]["retentionInDays"]) == (30, 7), "it only looks"

    done(drive(stack, "up", "dev"))

    assert days(stack) == 7
    assert drive(stack, "drift", "dev").code == 0


def test_what_was_deleted_by_hand_is_gone_until_the_next_update(stack: Project) -> None:
    logs(stack).delete_log_group(logGroupName=group_of(stack))

    found = drive(stack, "drift", "dev")

    assert found.code == 3, found.err
    assert "- aws:cloudwatch:LogGroup cluster-logs\n" in found.out
    assert "1 gone" in found.out
    done(drive(stack, "up", "dev"))
    assert drive(stack, "drift", "dev").code == 0


def test_a_refresh_takes_a_change_by_hand_into_the_state(stack: Project) -> None:
    logs(stack).put_retention_policy(logGroupName=group_of(stack), retentionInDays=30)

    refreshed = done(drive(stack, "refresh", "dev", "--json"))

    assert differences(refreshed.out) == [("retentionInDays", "7", "30")]
    assert state(stack)["inputs"]["retentionInDays"] == 30
    assert drive(stack, "drift", "dev").code == 0
    done(drive(stack, "up", "dev"))
    assert days(stack) == 7


def test_a_preview_tells_of_a_changed_key_and_writes_the_comment(stack: Project) -> None:
    comment = stack.folder / "comment.md"
    stack.write_without_tasks("dev", log_retention_days=14)
    try:
        told = done(drive(stack, "preview", "dev", "--json", "--comment", str(comment)))
    finally:
        stack.write_without_tasks("dev", log_retention_days=7)

    assert differences(told.out) == [("retentionInDays", "7", "14")]
    text = comment.read_text()
    assert "### Preview of `dev`: 1 to update, " in text
    assert "~ aws:cloudwatch:LogGroup cluster-logs\n      retentionInDays: 7 → 14\n" in text
    assert "**Cost:** $" in text
    assert days(stack) == 7, "nothing is changed"


def test_a_preview_of_what_is_as_it_should_be_tells_no_changes(stack: Project) -> None:
    told = done(drive(stack, "preview", "dev"))

    assert told.out.startswith("dev: no changes\ncost: $"), told.out


def test_a_preview_that_fails_says_why_in_the_comment(stack: Project) -> None:
    comment = stack.folder / "failed.md"
    stack.write_without_tasks("dev", cpu=257)
    try:
        told = drive(stack, "preview", "dev", "--comment", str(comment))
    finally:
        stack.write_without_tasks("dev", log_retention_days=7)

    assert (told.code, "Traceback" in told.err) == (1, False)
    assert "### Preview of `dev`: failed" in comment.read_text()
    assert "257" in comment.read_text()
