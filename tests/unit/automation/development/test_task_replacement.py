"""`dev` replaces a service's tasks; `up` replaces those of a `dev` that was killed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from automation.development import task_replacement as module
from automation.development.task_replacement import replace_tasks, replace_tasks_of_killed_dev
from automation.errors import AutomationError
from local.locks import stack_watched
from tests.unit.automation.fakes import deployed
from tests.unit.infra.rollout.aws import NEW, OLD, Aws, FakeClock, deployment, service

STARTED = deployment(state="IN_PROGRESS", age=1, runningCount=0, pendingCount=1)
DONE = deployment(age=1, pendingCount=0)
BEFORE = deployment(age=60, status="ACTIVE", pendingCount=0)
FAILED_BEFORE = deployment(OLD, "FAILED", age=90, status="ACTIVE", runningCount=0, pendingCount=0)


def replace(*after: dict[str, Any]) -> tuple[list[str], float]:
    """Return the printed lines and the seconds that pass; `after` are the service's descriptions in turn."""
    aws = Aws(
        describe_services=[service(), *after],
        update_service={"service": service(STARTED)["services"][0]},
    )
    stack, printed, time = deployed(aws), list[str](), FakeClock()
    replace_tasks(stack, [stack.service("web")], printed.append, time.clock)
    return printed, time.seconds


def failure(*after: dict[str, Any]) -> str:
    with pytest.raises(AutomationError) as raised:
        replace(*after)
    return str(raised.value)


def test_it_waits_until_only_the_new_tasks_run() -> None:
    printed, seconds = replace(service(STARTED, BEFORE), service(DONE, BEFORE), service(DONE))

    assert printed == []
    assert seconds == pytest.approx(0.2)


def test_it_does_not_wait_for_an_earlier_failed_deployment() -> None:
    """It stays listed."""
    assert replace(service(DONE, FAILED_BEFORE)) == ([], 0)


def test_the_order_of_deployments_does_not_matter() -> None:
    assert replace(service(FAILED_BEFORE, DONE)) == ([], 0)


def test_what_it_waits_for_is_printed_once_if_it_takes_long() -> None:
    starting, ending = [service(STARTED, BEFORE)] * 60, [service(DONE, BEFORE)] * 10

    printed, _ = replace(*starting, *ending, service(DONE))

    assert printed == [
        "web waits for its new tasks: 0/1 task running",
        "web waits for the end of 1 old task",
    ]


def test_a_timeout_is_an_error_that_names_the_command() -> None:
    assert failure(service(STARTED, BEFORE)) == (
        "web has no new tasks: after 90 s it waits for its new tasks: 0/1 task running; "
        "`python -m automation status dev` shows why"
    )


def test_new_tasks_that_ecs_gave_up_are_an_error() -> None:
    rolled_back = deployment(NEW, "IN_PROGRESS", age=60, pendingCount=0)
    given_up = STARTED | {
        "status": "ACTIVE",
        "rolloutState": "FAILED",
        "rolloutStateReason": "3 tasks failed",
    }

    message = failure(service(given_up, rolled_back))

    assert message.startswith("web has no new tasks: 3 tasks failed; ")


def test_a_newer_deployment_by_another_user_counts() -> None:
    newer = deployment(age=0, pendingCount=0)

    assert replace(service(newer)) == ([], 0)


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The services whose tasks are replaced; containers run from the folder `web-1`."""
    replaced: list[str] = []
    stack = SimpleNamespace(services={"web": "web", "api": "api"})
    monkeypatch.setattr(module, "DeployedStack", SimpleNamespace(of=lambda *_: stack))
    monkeypatch.setattr(module, "replace_tasks", lambda _, services, __: replaced.extend(services))
    # Its tasks are replaced when ECS has listed the new ones; the old container stops a moment later.
    running = {"web-1": [1, 1, 0]}
    monkeypatch.setattr(
        module.containers, "running", lambda folder: running.get(Path(folder).name, [0]).pop(0)
    )
    return replaced


def after_killed_dev(state: Path, name: str) -> bool:
    """Replace tasks of a `dev` that left a folder; return whether the folder still exists."""
    folder = state / "live" / "dev"
    (folder / name).mkdir(parents=True)
    stacks: Any = SimpleNamespace(local=SimpleNamespace(folder=state))
    replace_tasks_of_killed_dev(stacks, "dev")
    return folder.exists()


@pytest.mark.parametrize(("name", "services"), [("web-1", ["web", "api"]), ("web-2", [])])
def test_tasks_of_a_killed_dev_are_replaced_if_any_run(
    replaced: list[str], tmp_path: Path, name: str, services: list[str]
) -> None:
    assert (after_killed_dev(tmp_path, name), replaced) == (False, services)


def test_tasks_of_a_running_dev_are_kept(replaced: list[str], tmp_path: Path) -> None:
    with stack_watched(tmp_path, "dev", "dev dev"):
        assert (after_killed_dev(tmp_path, "web-1"), replaced) == (True, [])
