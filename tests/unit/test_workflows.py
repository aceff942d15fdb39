"""What a workflow on GitHub may do: read, with exact actions, within a time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github" / "workflows").iterdir())
WORKFLOWS: dict[str, Any] = {path.name: yaml.load(path.read_text(), yaml.BaseLoader) for path in FILES}  # noqa: S506
JOBS = {(name, job): told for name, workflow in WORKFLOWS.items() for job, told in workflow["jobs"].items()}
STEPS = [step for job in JOBS.values() for step in job.get("steps", [])]

workflows = pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=list(WORKFLOWS))
jobs = pytest.mark.parametrize("job", JOBS.values(), ids=[" ".join(key) for key in JOBS])
files = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


@workflows
def test_a_workflow_may_do_nothing_by_itself(workflow: Any) -> None:
    assert workflow["permissions"] == {}


@jobs
def test_a_job_says_what_it_may(job: Any) -> None:
    assert job["permissions"] in ({}, {"contents": "read"})


@jobs
def test_a_job_ends_in_time_on_a_machine_that_does_not_change(job: Any) -> None:
    assert 0 < int(job["timeout-minutes"]) <= 60
    assert job["runs-on"] == "ubuntu-24.04"


@files
def test_actions_are_named_by_commit_with_their_version(path: Path) -> None:
    """A tag can be moved to other code."""
    uses = re.findall(r"uses: *(.*)", path.read_text())

    assert uses != []
    assert [line for line in uses if not re.fullmatch(r"[\w/.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


def test_one_action_has_one_version() -> None:
    used = {step["uses"] for step in STEPS if "uses" in step}

    assert len({use.split("@")[0] for use in used}) == len(used)


def test_no_checkout_leaves_its_token_behind() -> None:
    checkouts = [step for step in STEPS if step.get("uses", "").startswith("actions/checkout@")]

    assert checkouts != []
    assert [step for step in checkouts if step["with"].get("persist-credentials") != "false"] == []


@workflows
def test_only_pull_requests_of_the_same_ref_are_cancelled(workflow: Any) -> None:
    assert "${{ github.ref }}" in workflow["concurrency"]["group"]
    assert workflow["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"


@workflows
def test_no_workflow_runs_a_strangers_code_with_our_rights(workflow: Any) -> None:
    assert workflow["on"].keys().isdisjoint({"pull_request_target", "workflow_run", "issue_comment"})


def test_no_step_puts_what_a_stranger_wrote_into_a_shell() -> None:
    assert [step["run"] for step in STEPS if "${{" in step.get("run", "")] == []


def test_ci_tests_the_oldest_and_a_new_python_and_everything_as_a_developer_does() -> None:
    ci = WORKFLOWS["ci.yml"]["jobs"]

    assert ci["unit"]["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    assert [step["run"] for step in ci["everything"]["steps"] if "run" in step] == [".ci/run"]


def test_the_required_job_waits_for_all_others_and_runs_even_when_they_fail() -> None:
    ci = WORKFLOWS["ci.yml"]["jobs"]

    assert sorted(ci["required"]["needs"]) == sorted(ci.keys() - {"required"})
    assert ci["required"]["if"] == "always()"
    success = " ".join(["success"] * len(ci["required"]["needs"]))
    assert f'"$RESULTS" = "{success}"' in ci["required"]["steps"][0]["run"]
