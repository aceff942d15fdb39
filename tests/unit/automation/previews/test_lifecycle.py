"""Creation and removal of pull requests' stacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from automation.errors import AutomationError
from automation.previews.lifecycle import Previews
from automation.stacks.stacks import StackSummary
from infra.rollout.clock import Clock
from tests.unit.infra.rollout.aws import Aws

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012"
DEV = {
    "attachment": {
        "load_balancer_arn": f"{ARN}:loadbalancer/app/lb/1",
        "listener_arn": f"{ARN}:listener/app/lb/1/2",
    }
}


def up(*, base: str = "dev", expires: datetime = NOW + HOUR) -> dict[str, Any]:
    """Return the outputs of a pull request's stack."""
    return {
        "url": "https://pr.dev.example.com",
        "attached_to": base,
        "expires": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
    }


@dataclass
class Backend:
    """Stacks in memory, by name, with their outputs."""

    root: Path
    stacks: dict[str, dict[str, Any]] = field(default_factory=lambda: {"dev": DEV})
    references_of: dict[str, list[str]] = field(default_factory=dict)
    maximum: int = 10
    aws: Aws = field(
        default_factory=lambda: Aws(
            describe_rules={"Rules": []},
            describe_listeners={"Listeners": []},
            describe_target_groups={"TargetGroups": []},
        )
    )
    undeletable: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    at_destroy: Callable[[str], None] = lambda _: None
    """What another run does while a stack is destroyed."""
    calls: list[str] = field(default_factory=list)
    encryption: Mapping[str, str] | None = None
    files_at_destroy: list[bool] = field(default_factory=list)
    project: str = "node-on-ecs"

    def summaries(self) -> Sequence[StackSummary]:
        return [StackSummary(name=name, last_update=NOW - HOUR) for name in self.stacks]

    def outputs(self, stack: str) -> Mapping[str, Any]:
        if stack in self.unreadable:
            raise AutomationError("passphrase must be set")
        return self.stacks.get(stack, {})

    def exists(self, stack: str) -> bool:
        return stack in self.stacks

    def references(self, stack: str) -> Sequence[str]:
        return self.references_of.get(stack, [])

    def settings(self, stack: str) -> Any:
        if stack == "deleted":
            raise AutomationError("there is no Pulumi.deleted.yaml")
        previews = SimpleNamespace(maximum=self.maximum, lifetime_hours=72)
        priority = 40_000 + int(stack.partition("-")[2] or 0)
        return SimpleNamespace(preview_stacks=previews, main=SimpleNamespace(priority=priority))

    def clients(self, settings: Any) -> Aws:
        return self.aws

    def address(self, url: str) -> str:
        return url

    def create(self, stack: str, encryption: Mapping[str, str]) -> None:
        self.stacks[stack] = {}
        self.encryption = encryption
        self.calls.append(f"create {stack}")

    def destroy(self, stack: str) -> None:
        self.files_at_destroy.append((self.root / f"Pulumi.{stack}.yaml").exists())
        self.at_destroy(stack)
        if stack not in self.stacks:
            raise AutomationError(f"no stack named '{stack}' found")
        if stack in self.undeletable:
            raise AutomationError("the service does not drain")
        self.calls.append(f"destroy {stack}")

    def remove(self, stack: str) -> None:
        del self.stacks[stack]
        self.calls.append(f"remove {stack}")


@dataclass
class World:
    previews: Previews
    backend: Backend
    root: Path
    output: list[str]

    def config(self, stack: str) -> dict[str, Any]:
        return yaml.safe_load((self.root / f"Pulumi.{stack}.yaml").read_text())["config"]

    def error(self, stack: str = "pr-12", **arguments: Any) -> str:
        before = dict(self.backend.stacks)
        with pytest.raises(AutomationError) as raised:
            self.previews.prepare(stack, **arguments)
        assert self.backend.stacks == before, "an error must not leave a stack behind"
        assert not (self.root / f"Pulumi.{stack}.yaml").exists()
        return str(raised.value)


@pytest.fixture
def world(tmp_path: Path) -> World:
    for base in ("dev", "staging"):
        (tmp_path / f"Pulumi.{base}.yaml").write_text("config: {}\n")
    backend, output = Backend(root=tmp_path), list[str]()
    previews = Previews(
        backend,  # type: ignore[arg-type] -- it has what previews need
        say=output.append,
        clock=Clock(date=lambda: NOW),
    )
    return World(previews, backend, tmp_path, output)


def test_a_missing_stack_is_created_and_attached_to_dev(world: World) -> None:
    expires = world.previews.prepare("pr-12")

    assert world.backend.calls == ["create pr-12"]
    assert expires == NOW + 72 * HOUR
    assert world.config("pr-12")["node-on-ecs:attach-to"] == "dev"
    assert world.config("pr-12")["node-on-ecs:expires"] == "2026-11-24T12:00:00Z"


def test_an_existing_stack_gets_a_new_expiry(world: World) -> None:
    world.backend.stacks["pr-12"] = up(expires=NOW - HOUR)

    expires = world.previews.prepare("pr-12", lifetime=2 * HOUR)

    assert world.backend.calls == []
    assert expires == NOW + 2 * HOUR


def test_a_stack_has_the_encryption_of_its_base(world: World) -> None:
    lines = {"secretsprovider": "awskms://alias/key", "encryptedkey": "AQ=="}
    (world.root / "Pulumi.dev.yaml").write_text(yaml.safe_dump({**lines, "config": {}}))

    world.previews.prepare("pr-12")

    assert world.backend.encryption == lines


@pytest.mark.parametrize("stack", ["dev", "prod", "pr-x", "smoke"])
def test_only_stacks_of_pull_requests_are_created(world: World, stack: str) -> None:
    with pytest.raises(AutomationError, match="is not a pull request's stack"):
        world.previews.prepare(stack)

    assert world.backend.calls == []


def test_a_stack_above_the_maximum_is_rejected(world: World) -> None:
    world.backend.maximum = 2
    world.backend.stacks |= {"pr-1": up(), "pr-2": up()}

    message = world.error()

    assert message.startswith("dev allows 2 stacks of pull requests and has 2 (pr-1, pr-2)")
    assert "`python -m automation previews clean-up`" in message


def test_stacks_of_another_base_do_not_count(world: World) -> None:
    world.backend.maximum = 1
    world.backend.stacks |= {"pr-1": up(base="staging")}

    world.previews.prepare("pr-12")


def test_an_existing_stack_is_updated_at_the_maximum(world: World) -> None:
    world.backend.maximum = 1
    world.backend.stacks |= {"pr-12": up()}

    world.previews.prepare("pr-12")


def test_a_base_that_was_never_updated_is_rejected(world: World) -> None:
    world.backend.stacks = {"dev": {}}

    assert "`python -m automation up dev` has to succeed first" in world.error()


def test_a_load_balancer_without_capacity_is_rejected_before_a_stack_is_created(world: World) -> None:
    groups = [{"TargetGroupName": str(number)} for number in range(100)]
    world.backend.aws.operations["describe_target_groups"] = {"TargetGroups": groups}

    assert "100 target groups" in world.error()


def test_a_pull_requests_stack_is_rejected_as_a_base(world: World) -> None:
    world.backend.stacks["pr-1"] = up()

    assert "is attached to another stack" in world.error(base="pr-1")


def test_an_existing_stack_keeps_its_base(world: World) -> None:
    world.backend.stacks |= {"staging": DEV, "pr-12": up(base="staging")}

    world.previews.prepare("pr-12")

    assert world.config("pr-12")["node-on-ecs:attach-to"] == "staging"


def test_an_existing_stack_cannot_move_to_another_base(world: World) -> None:
    world.backend.stacks |= {"staging": DEV, "pr-12": up(base="dev")}

    with pytest.raises(
        AutomationError, match="cannot move to staging: run `python -m automation destroy pr-12`"
    ):
        world.previews.prepare("pr-12", base="staging")


def test_remove_deletes_stack_and_file(world: World) -> None:
    world.previews.prepare("pr-12")

    assert world.previews.remove("pr-12") is True

    assert world.backend.calls[1:] == ["destroy pr-12", "remove pr-12"]
    assert not (world.root / "Pulumi.pr-12.yaml").exists()


def test_remove_accepts_a_missing_stack(world: World) -> None:
    """Pull requests without a stack are closed, too."""
    assert world.previews.remove("pr-12") is False
    assert world.backend.calls == []


def test_remove_writes_a_missing_file_for_the_destruction(world: World) -> None:
    world.backend.stacks["pr-12"] = up()

    world.previews.remove("pr-12")

    assert world.backend.files_at_destroy == [True]
    assert not (world.root / "Pulumi.pr-12.yaml").exists()


def test_remove_works_without_the_file_of_the_base(world: World) -> None:
    world.backend.stacks["pr-12"] = up(base="deleted")

    assert world.previews.remove("pr-12") is True
    assert "continuing with the state alone" in world.output[0]


def test_the_base_of_a_stack_whose_first_update_failed_comes_from_its_references(world: World) -> None:
    world.backend.stacks |= {"staging": DEV, "pr-12": {}}
    world.backend.references_of["pr-12"] = ["staging"]

    (found,) = world.previews.all()

    assert (found.base, found.expires) == ("staging", None)
    assert world.previews.remove("pr-12") is True


@pytest.mark.parametrize("stack", ["dev", "prod", "pr-x", "smoke"])
def test_only_stacks_of_pull_requests_are_removed(world: World, stack: str) -> None:
    with pytest.raises(AutomationError, match="is not a pull request's stack"):
        world.previews.remove(stack)

    assert world.backend.calls == []


def test_a_stack_that_cannot_be_destroyed_is_kept(world: World) -> None:
    """Otherwise its remaining resources would be lost."""
    world.backend.stacks["pr-12"] = up()
    world.backend.undeletable = {"pr-12"}

    with pytest.raises(AutomationError, match="does not drain"):
        world.previews.remove("pr-12")

    assert "pr-12" in world.backend.stacks


def test_a_stack_that_another_run_removes_meanwhile_is_no_failure(world: World) -> None:
    """`clean-up` and the workflow of a closed pull request may remove the same stack."""
    world.backend.stacks |= {"pr-1": up()}
    world.backend.at_destroy = world.backend.remove

    (outcome,) = world.previews.clean_up(open_numbers=[], dry_run=False)

    assert outcome.failure is None
    assert sorted(world.backend.stacks) == ["dev"]


def test_a_stack_that_is_updated_while_others_are_removed_is_kept(world: World) -> None:
    """Removing a stack takes minutes, in which a push may restart the lifetime of another."""
    world.backend.stacks |= {"pr-1": up(expires=NOW - HOUR), "pr-2": up(expires=NOW - HOUR)}
    world.backend.at_destroy = lambda _: world.backend.stacks.update({"pr-2": up()})

    outcomes = world.previews.clean_up(open_numbers=[1, 2], dry_run=False)

    assert [item.preview.stack for item in outcomes] == ["pr-1"]
    assert sorted(world.backend.stacks) == ["dev", "pr-2"]


def test_stacks_are_listed_by_number(world: World) -> None:
    world.backend.stacks |= {"pr-10": up(), "pr-9": up(), "pr-x": up()}

    assert [found.stack for found in world.previews.all()] == ["pr-9", "pr-10"]


def test_clean_up_continues_after_a_failure(world: World) -> None:
    world.backend.stacks |= {f"pr-{number}": up(expires=NOW - HOUR) for number in (1, 2, 3)}
    world.backend.undeletable = {"pr-2"}

    outcomes = world.previews.clean_up(open_numbers=None, dry_run=False)

    assert {item.preview.stack: item.failure for item in outcomes} == {
        "pr-1": None,
        "pr-2": "the service does not drain",
        "pr-3": None,
    }
    assert sorted(world.backend.stacks) == ["dev", "pr-2"]


def test_clean_up_continues_after_a_stack_whose_state_cannot_be_read(world: World) -> None:
    world.backend.stacks |= {"pr-1": up(), "pr-2": up(expires=NOW - HOUR)}
    world.backend.unreadable = {"pr-1"}

    outcomes = world.previews.clean_up(open_numbers=[1, 2], dry_run=False)

    assert {item.preview.stack: item.failure for item in outcomes} == {
        "pr-1": "passphrase must be set",
        "pr-2": None,
    }
    assert sorted(world.backend.stacks) == ["dev", "pr-1"]


def test_clean_up_removes_only_stacks_with_a_reason(world: World) -> None:
    world.backend.stacks |= {"pr-1": up(), "pr-2": up()}

    outcomes = world.previews.clean_up(open_numbers=[1], dry_run=False)

    assert [item.preview.stack for item in outcomes] == ["pr-2"]
    assert sorted(world.backend.stacks) == ["dev", "pr-1"]


def test_a_dry_run_of_clean_up_removes_nothing(world: World) -> None:
    world.backend.stacks |= {"pr-1": up()}

    outcomes = world.previews.clean_up(open_numbers=[], dry_run=True)

    assert [item.reason for item in outcomes] == ["pull request 1 is not open"]
    assert world.backend.calls == []


def test_clean_up_continues_after_a_stack_whose_base_has_no_file(world: World) -> None:
    world.backend.stacks |= {"pr-1": up(base="deleted", expires=NOW - HOUR), "pr-2": up(expires=NOW - HOUR)}

    assert [item.failure for item in world.previews.clean_up(open_numbers=None, dry_run=False)] == [
        None,
        None,
    ]
