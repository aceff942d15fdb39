"""`preview`, `refresh` and `drift`: exit codes, output and files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from automation.changes.cost_change import CostChange
from automation.changes.drift import drift, refresh
from automation.changes.model import Change, Changes, Difference
from automation.changes.preview import preview
from automation.errors import AutomationError, ProgramError
from automation.stacks.stacks import StackSummary
from tests.unit.automation.fakes import FakeStacks, no_service, resources
from tests.unit.infra.rollout.aws import NEW, OLD, Aws, deployment, service

URN = "urn:pulumi:dev::node-on-ecs::aws:ecs/service:Service::web"


def scaled(*paths: str) -> Changes:
    differences = tuple(Difference(path=path, old="1", new="2") for path in paths)
    change = Change(kind="update", urn=URN, type="aws:ecs/service:Service", differences=differences)
    return Changes(changes=(change,), same=3)


@dataclass
class Stacks(FakeStacks):
    """One stack with these changes, or with a failure."""

    changes: Changes = field(default_factory=Changes)
    failure: AutomationError | None = None
    refreshed: list[bool] = field(default_factory=list)
    planned: Sequence[Mapping[str, Any]] = ()
    exceptions: Mapping[str, str] = field(default_factory=dict)

    def preview(self, stack: str) -> Any:
        if self.failure:
            raise self.failure
        return SimpleNamespace(changes=lambda: self.changes, before=[], after=self.planned)

    def settings(self, stack: str) -> Any:
        return SimpleNamespace(exceptions=self.exceptions, most_vcpus=super().settings(stack).most_vcpus)

    def refresh(self, stack: str, *, preview_only: bool) -> Changes:
        self.refreshed.append(not preview_only)
        return self.changes

    def resources(self, stack: str) -> Sequence[Mapping[str, Any]]:
        stack_itself, web, alice = resources()
        return [stack_itself, {**web, "ignoreChanges": ["desiredCount"]}, alice]


@pytest.fixture(autouse=True)
def cost(monkeypatch: pytest.MonkeyPatch) -> dict[str, CostChange]:
    """The cost of the stack, which a test may replace."""
    costs = {"dev": CostChange(before=40, after=50, budget=60)}
    monkeypatch.setattr(CostChange, "of", lambda stack, _before, **_: costs[stack])
    monkeypatch.delenv("GITHUB_RUN_ID", raising=False)
    return costs


def call(command: Any, *arguments: str, stacks: Stacks) -> Result:
    return CliRunner().invoke(command, list(arguments), obj=stacks, standalone_mode=False)


def test_preview_prints_changes_counts_and_cost() -> None:
    result = call(preview, "dev", stacks=Stacks(changes=scaled("cpu")))

    assert result.return_value == 0
    assert result.stdout.splitlines() == [
        "~ aws:ecs:Service web",
        "      cpu: 1 → 2",
        "dev: 1 to update, 3 unchanged",
        "cost: $40.00 → $50.00 a month (+$10.00)",
    ]


def test_preview_json_is_one_document() -> None:
    document = json.loads(call(preview, "dev", "--json", stacks=Stacks(changes=scaled("cpu"))).stdout)

    assert (document["stack"], document["counts"], document["unchanged"]) == ("dev", {"update": 1}, 3)
    assert document["cost"]["after_usd"] == 50


@pytest.mark.parametrize(("changes", "unchanged"), [(Changes(), True), (scaled("cpu"), False)])
def test_preview_runs_the_program_for_the_cost_only_if_something_changes(
    changes: Changes, *, unchanged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[bool] = []

    def of(_stack: str, _before: object, *, unchanged: bool) -> CostChange:
        calls.append(unchanged)
        return CostChange()

    monkeypatch.setattr(CostChange, "of", of)
    call(preview, "dev", stacks=Stacks(changes=changes))

    assert calls == [unchanged]


def test_preview_writes_a_comment(tmp_path: Path) -> None:
    file = tmp_path / "comment.md"

    call(preview, "dev", "--comment", str(file), stacks=Stacks(changes=scaled("cpu")))

    text = file.read_text()
    assert "### Preview of `dev`: 1 to update, 3 unchanged" in text
    assert "**Cost:** $40.00 → $50.00 a month (+$10.00)" in text


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (ProgramError("pulumi preview", 1, "error: this is why"), "```text\nerror: this is why\n```"),
        (AutomationError("the emulator does not run"), "```text\nthe emulator does not run\n```"),
    ],
    ids=["of the program", "of the driver"],
)
def test_a_failed_preview_writes_a_comment(failure: AutomationError, text: str, tmp_path: Path) -> None:
    """Otherwise the comment of the previous push would remain."""
    file = tmp_path / "comment.md"

    result = call(preview, "dev", "--comment", str(file), stacks=Stacks(failure=failure))

    assert result.exception is failure
    assert "### Preview of `dev`: failed" in file.read_text()
    assert text in file.read_text()


CLUSTER = {
    "type": "aws:ecs/cluster:Cluster",
    "urn": "urn:pulumi:dev::node-on-ecs::aws:ecs/cluster:Cluster::cluster",
    "inputs": {"settings": []},
}


def test_preview_with_policies_fails_for_a_mandatory_control(tmp_path: Path) -> None:
    file = tmp_path / "comment.md"
    stacks = Stacks(planned=[CLUSTER])
    result = call(preview, "dev", "--policies", "--comment", str(file), stacks=stacks)
    text = file.read_text()

    assert result.return_value == 1
    assert "FAILED     ECS.12 cluster has no Container Insights" in result.stdout
    assert result.stderr == "error: dev fails 1 mandatory control: each has its fix above\n"
    assert "**Policies:** dev: 1 control, 1 failed, 0 advice, 0 by exception" in text
    assert "<details><summary>Policies</summary>\n\n```text\nFAILED     ECS.12" in text


def test_an_invalid_exception_is_in_the_comment(tmp_path: Path) -> None:
    file = tmp_path / "comment.md"
    stacks = Stacks(exceptions={"ECS.99": "it costs more than the tasks"})
    result = call(preview, "dev", "--policies", "--comment", str(file), stacks=stacks)

    assert "no control of the policy pack has this id" in str(result.exception)
    assert "exceptions.ECS.99" in file.read_text()


def test_preview_without_policies_has_no_findings() -> None:
    document = json.loads(call(preview, "dev", "--json", stacks=Stacks(planned=[CLUSTER])).stdout)

    assert "policies" not in document


def test_a_quota_of_vcpus_that_is_too_low_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first deployment would wait for it."""
    monkeypatch.setattr("automation.changes.preview.vcpu_warning", lambda _, stack: f"{stack} needs more")

    assert call(preview, "dev", stacks=Stacks()).stderr == "dev needs more\n"


def test_preview_above_the_budget_fails_after_its_output(cost: dict[str, CostChange], tmp_path: Path) -> None:
    cost["dev"] = CostChange(before=40, after=50, budget=45)
    file = tmp_path / "comment.md"

    result = call(preview, "dev", "--comment", str(file), stacks=Stacks())

    assert result.return_value == 1
    assert "more than its budget of $45" in result.stdout
    assert result.stderr == (
        "error: dev would cost more than its budget: `python -m automation cost dev` shows why; the budget is "
        "monthly-budget-usd in Pulumi.dev.yaml\n"
    )
    assert "(+$10.00), more than its budget of $45" in file.read_text()


def test_the_budget_can_be_ignored(cost: dict[str, CostChange]) -> None:
    cost["dev"] = CostChange(before=40, after=50, budget=45)

    assert call(preview, "dev", "--no-fail-over-budget", stacks=Stacks()).return_value == 0


def test_drift_has_exit_code_3_and_keeps_the_state() -> None:
    stacks = Stacks(changes=scaled("cpu"))

    result = call(drift, "dev", stacks=stacks)

    assert (result.return_value, stacks.refreshed) == (3, [False])
    assert result.stdout.splitlines() == [
        "~ aws:ecs:Service web",
        "      cpu: 1 → 2",
        "dev: differs from the state: 1 changed",
    ]


def test_without_drift_the_exit_code_is_0() -> None:
    result = call(drift, "dev", stacks=Stacks())

    assert (result.return_value, result.stdout) == (0, "dev: no drift\n")


@pytest.mark.parametrize(("command", "code"), [(drift, 0), (refresh, None)])
def test_ignored_properties_are_not_shown(command: Any, code: int | None) -> None:
    """Autoscaling changes the number of tasks."""
    result = call(command, "dev", stacks=Stacks(changes=scaled("desiredCount")))

    assert (result.return_value, result.stdout) == (code, "dev: no drift\n")


def test_drift_json_is_one_document() -> None:
    result = call(drift, "dev", "--json", stacks=Stacks(changes=scaled("cpu", "desiredCount")))

    document = json.loads(result.stdout)
    assert result.return_value == 3
    assert [item["path"] for item in document["changes"][0]["differences"]] == ["cpu"]


def test_drift_is_appended_to_the_summary_of_a_job(tmp_path: Path) -> None:
    """The file has the output of all steps."""
    file = tmp_path / "summary.md"
    file.write_text("before\n")

    call(drift, "dev", "--summary", str(file), stacks=Stacks(changes=scaled("cpu")))

    assert file.read_text().startswith("before\n")
    assert "### Drift of `dev`: differs from the state: 1 changed" in file.read_text()


def test_refresh_updates_the_state_and_shows_the_differences() -> None:
    stacks = Stacks(changes=scaled("cpu", "desiredCount"))

    result = call(refresh, "dev", stacks=stacks)

    assert (result.return_value, stacks.refreshed) == (None, [True])
    assert result.stdout.splitlines() == [
        "~ aws:ecs:Service web",
        "      cpu: 1 → 2",
        "dev: differs from the state: 1 changed",
    ]


def rolled_back(**answers: Any) -> Stacks:
    """Dev, where ECS runs another version than the state has."""
    difference = Difference(path="taskDefinition", old=NEW, new=OLD)
    change = Change(kind="update", urn=URN, type="aws:ecs/service:Service", differences=(difference,))
    return Stacks(Aws(**answers), changes=Changes(changes=(change,)))


def test_drift_shows_that_ecs_rolled_back_a_service() -> None:
    failed = deployment(NEW, "FAILED", status="ACTIVE", age=10, rolloutStateReason="tasks failed to start")
    stacks = rolled_back(describe_services=service(failed, deployment(OLD, age=600)))

    result = call(drift, "dev", stacks=stacks)

    assert result.stdout.splitlines()[0] == (
        "~ aws:ecs:Service web differs from the state: ECS rolled it back: tasks failed to start"
    )


@pytest.mark.parametrize("answer", [service(deployment(OLD)), no_service()], ids=["complete", "deleted"])
def test_drift_shows_no_cause_without_a_rollback(answer: dict[str, Any]) -> None:
    result = call(drift, "dev", stacks=rolled_back(describe_services=answer))

    assert result.stdout.splitlines()[0] == "~ aws:ecs:Service web"


@pytest.mark.parametrize("command", [drift, refresh])
@pytest.mark.parametrize(("existing", "refused"), [((), True), (("dev",), False)])
def test_only_an_existing_stack_is_refreshed(
    monkeypatch: pytest.MonkeyPatch, command: Any, existing: Sequence[str], *, refused: bool
) -> None:
    """On this machine a refresh would create it."""
    stacks = Stacks()
    monkeypatch.setattr(Stacks, "resources", lambda *_: [])
    summaries = [StackSummary(name=name, last_update=None) for name in existing]
    monkeypatch.setattr(Stacks, "summaries", lambda _: summaries, raising=False)

    result = call(command, "dev", stacks=stacks)

    assert (str(result.exception) == "there is no stack 'dev': no stack exists yet") is refused
    assert (stacks.refreshed == []) is refused
