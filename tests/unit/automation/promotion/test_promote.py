"""`promote`: errors, deployment and reports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from automation.errors import AutomationError, ProgramError
from automation.promotion import promote as module
from automation.promotion.promote import promote
from automation.services.status import ServiceStatus
from tests.unit.infra.rollout.aws import Aws

ACCOUNT = "111111111111"
ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


class Stacks:
    """Staging with the second image, and prod with the first one."""

    def __init__(self) -> None:
        self.follows: str | None = "staging"
        self.runs = {"staging": TWO, "prod": ONE}
        self.next = TWO
        self.images: dict[str, dict[str, str]] = {}
        self.updated: list[str] = []
        self.failure: AutomationError | None = None
        task_definition = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task-definition/staging-web:3"
        self.aws = Aws(get_caller_identity={"Account": ACCOUNT})
        self.deployed = SimpleNamespace(
            services={"web": SimpleNamespace(task_definition=task_definition)},
            clients=self.aws,
            is_local=False,
        )
        self.without_file: set[str] = set()

    def settings(self, stack: str) -> Any:
        if stack in self.without_file:
            raise AutomationError(f"stack {stack!r} has no file")
        return SimpleNamespace(image=SimpleNamespace(image_from=self.follows))

    def outputs(self, stack: str) -> Mapping[str, Any]:
        if stack not in self.runs:
            return {}
        images = {name: f"registry/{name}@{digest}" for name, digest in self.images.get(stack, {}).items()}
        return {"image": f"registry/app@{self.runs[stack]}", **({"images": images} if images else {})}


@pytest.fixture
def statuses(monkeypatch: pytest.MonkeyPatch) -> list[ServiceStatus]:
    """The services of staging, which a test may change."""
    found = [ServiceStatus(name="web", state="steady")]
    monkeypatch.setattr(module, "DeployedStack", SimpleNamespace(of=lambda stacks, _: stacks.deployed))
    monkeypatch.setattr(module, "statuses_of", lambda _: found)
    return found


@pytest.fixture
def stacks(statuses: list[ServiceStatus], monkeypatch: pytest.MonkeyPatch) -> Stacks:
    stacks = Stacks()

    def bring_up(_: Stacks, stack: str) -> dict[str, str]:
        stacks.updated.append(stack)
        if stacks.failure:
            raise stacks.failure
        stacks.runs[stack] = stacks.next
        return {"web": f"https://{stack}.example.com"}

    monkeypatch.setattr(module, "bring_up", bring_up)
    return stacks


def call(stacks: Stacks, *arguments: str) -> Result:
    return CliRunner().invoke(promote, ["staging", "prod", *arguments], obj=stacks, standalone_mode=False)


def test_the_image_is_deployed_to_the_target(stacks: Stacks) -> None:
    result = call(stacks)

    assert (result.exception, stacks.updated) == (None, ["prod"])
    assert result.stdout == "web   https://prod.example.com\n"
    assert result.stderr == f"prod: {ONE} → {TWO}\n"


def test_json_is_one_document(stacks: Stacks) -> None:
    assert json.loads(call(stacks, "--json").stdout) == {
        "stack": "prod",
        "source": "staging",
        "previous_digest": ONE,
        "digest": TWO,
        "addresses": {"web": "https://prod.example.com"},
    }


def test_a_source_without_a_file_is_not_proposed(stacks: Stacks) -> None:
    stacks.follows = None
    stacks.without_file = {"staging"}

    assert str(call(stacks).exception) == "stack 'staging' has no file"


@pytest.mark.parametrize(("follows", "text"), [(None, "no `image-from`"), ("dev", "`image-from: dev`")])
def test_a_target_with_another_image_from_is_rejected(stacks: Stacks, follows: str | None, text: str) -> None:
    stacks.follows = follows

    result = call(stacks)

    assert isinstance(result.exception, click.UsageError)
    assert f"Pulumi.prod.yaml has {text}: to promote from staging" in str(result.exception)
    assert "set `node-on-ecs:image-from: staging` there" in str(result.exception)
    assert stacks.updated == []


def test_source_and_target_must_differ(stacks: Stacks) -> None:
    arguments = ["prod", "prod"]
    result = CliRunner().invoke(promote, arguments, obj=stacks, standalone_mode=False)

    assert isinstance(result.exception, click.UsageError)
    assert str(result.exception) == "FROM and TO are both prod: name two stacks"


def test_a_source_that_is_not_steady_is_rejected(stacks: Stacks, statuses: list[ServiceStatus]) -> None:
    statuses.append(ServiceStatus(name="web-alice", state="failed", reason="tasks failed to start"))

    result = call(stacks)

    assert isinstance(result.exception, AutomationError)
    assert "web-alice is failed (tasks failed to start)" in str(result.exception)
    assert stacks.updated == []


def test_a_source_in_another_account_is_not_checked(stacks: Stacks, statuses: list[ServiceStatus]) -> None:
    """Its state can be read, as docs/bootstrap.md#an-account-for-prod says, but ECS has no shared access."""
    statuses.append(ServiceStatus(name="web", state="failed"))
    stacks.deployed.clients = Aws(get_caller_identity={"Account": "222222222222"})

    result = call(stacks)

    assert (result.exception, stacks.updated) == (None, ["prod"])
    assert f"staging is in account {ACCOUNT}, which these credentials cannot read" in result.stderr


def test_a_local_source_is_checked_without_a_question_about_its_account(
    stacks: Stacks, statuses: list[ServiceStatus]
) -> None:
    stacks.deployed.clients, stacks.deployed.is_local = Aws(), True
    statuses.append(ServiceStatus(name="web", state="failed"))

    assert "web is failed" in str(call(stacks).exception)


def test_a_source_that_was_never_updated_is_rejected(stacks: Stacks) -> None:
    del stacks.runs["staging"]

    result = call(stacks)

    assert "staging has no output `image`" in str(result.exception)
    assert stacks.updated == []


def test_a_new_target_has_no_earlier_image(stacks: Stacks) -> None:
    del stacks.runs["prod"]

    assert call(stacks).stderr == f"prod: nothing yet → {TWO}\n"


def test_a_source_that_was_updated_meanwhile_is_an_error(stacks: Stacks, tmp_path: Path) -> None:
    """The target would run an image that was not checked."""
    stacks.next = f"sha256:{'3' * 64}"

    file = tmp_path / "summary.md"

    error = call(stacks, "--summary", str(file)).exception

    assert isinstance(error, AutomationError)
    assert f"prod runs {stacks.next}, and not {TWO} which staging had" in str(error)
    assert f"prod runs {stacks.next}" in file.read_text()


def test_images_of_other_services_are_promoted(stacks: Stacks) -> None:
    stacks.images = {"staging": {"api": TWO}, "prod": {"api": TWO}}

    assert f"prod api: {TWO} → {TWO}" in call(stacks).stderr


def test_an_outdated_image_of_another_service_is_an_error(stacks: Stacks) -> None:
    stacks.images = {"staging": {"api": TWO}, "prod": {"api": ONE}}

    assert f"api of prod runs {ONE}, and not {TWO}" in str(call(stacks).exception)


def test_the_summary_has_the_image(stacks: Stacks, tmp_path: Path) -> None:
    file = tmp_path / "summary.md"

    call(stacks, "--summary", str(file))
    call(stacks, "--summary", str(file))

    first, second = file.read_text().split("### Promotion of `prod`")[1:]
    assert f"Runs `{TWO}`, as `staging` does." in first
    assert "It ran it before." not in first
    assert "It ran it before." in second


def test_the_summary_has_the_reason_of_a_failure(stacks: Stacks, tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    stacks.failure = ProgramError("pulumi up", 255, "error: this is why")

    assert call(stacks, "--summary", str(file)).exception is stacks.failure
    assert "### Promotion of `prod`: failed\n\n```text\nerror: this is why\n```" in file.read_text()
