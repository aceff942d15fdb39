"""How stacks of pull requests are created and removed, and what prevents it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """The outputs of a pull request's stack that is up."""
    return {
        "url": "https://pr.dev.example.com",
        "attached_to": base,
        "expires": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
    }


@dataclass
class Backend:
    """Stacks in memory, by name, with their outputs."""

    root: Path
    there: dict[str, dict[str, Any]] = field(default_factory=lambda: {"dev": DEV})
    read: dict[str, list[str]] = field(default_factory=dict)
    maximum: int = 10
    aws: Aws = field(
        default_factory=lambda: Aws(
            describe_rules={"Rules": []},
            describe_listeners={"Listeners": []},
            describe_target_groups={"TargetGroups": []},
        )
    )
    stuck: set[str] = field(default_factory=set)
    done: list[str] = field(default_factory=list)
    encryption: Mapping[str, str] | None = None
    files_at_destroy: list[bool] = field(default_factory=list)
    project: str = "node-on-ecs"

    def summaries(self) -> Sequence[StackSummary]:
        return [StackSummary(name=name, last_update=NOW - HOUR) for name in self.there]

    def outputs(self, stack: str) -> Mapping[str, Any]:
        return self.there.get(stack, {})

    def exists(self, stack: str) -> bool:
        return stack in self.there

    def references(self, stack: str) -> Sequence[str]:
        return self.read.get(stack, [])

    def settings(self, stack: str) -> Any:
        if stack == "gone":
            raise AutomationError("there is no Pulumi.gone.yaml")
        previews = SimpleNamespace(maximum=self.maximum, lifetime_hours=72)
        priority = 40_000 + int(stack.partition("-")[2] or 0)
        return SimpleNamespace(preview_stacks=previews, main=SimpleNamespace(priority=priority))

    def clients(self, settings: Any) -> Aws:
        return self.aws

    def address(self, url: str) -> str:
        return url

    def create(self, stack: str, encryption: Mapping[str, str]) -> None:
        self.there[stack] = {}
        self.encryption = encryption
        self.done.append(f"create {stack}")

    def destroy(self, stack: str) -> None:
        self.files_at_destroy.append((self.root / f"Pulumi.{stack}.yaml").exists())
        if stack in self.stuck:
            raise AutomationError("the service does not drain")
        self.done.append(f"destroy {stack}")

    def remove(self, stack: str) -> None:
        del self.there[stack]
        self.done.append(f"remove {stack}")


@dataclass
class World:
    previews: Previews
    backend: Backend
    root: Path
    said: list[str]

    def config(self, stack: str) -> dict[str, Any]:
        return yaml.safe_load((self.root / f"Pulumi.{stack}.yaml").read_text())["config"]

    def refusal(self, stack: str = "pr-12", **asked: Any) -> str:
        before = dict(self.backend.there)
        with pytest.raises(AutomationError) as raised:
            self.previews.prepare(stack, **asked)
        assert self.backend.there == before, "a refusal must not leave a stack behind"
        assert not (self.root / f"Pulumi.{stack}.yaml").exists()
        return str(raised.value)


@pytest.fixture
def world(tmp_path: Path) -> World:
    for base in ("dev", "staging"):
        (tmp_path / f"Pulumi.{base}.yaml").write_text("config: {}\n")
    backend, said = Backend(root=tmp_path), list[str]()
    previews = Previews(
        backend,  # type: ignore[arg-type] -- it has what previews need
        say=said.append,
        clock=Clock(date=lambda: NOW),
    )
    return World(previews, backend, tmp_path, said)


# up


def test_a_missing_stack_is_created_and_attached_to_dev(world: World) -> None:
    expires = world.previews.prepare("pr-12")

    assert world.backend.done == ["create pr-12"]
    assert expires == NOW + 72 * HOUR
    assert world.config("pr-12")["node-on-ecs:attach-to"] == "dev"
    assert world.config("pr-12")["node-on-ecs:expires"] == "2026-11-24T12:00:00Z"


def test_an_existing_one_is_not_created_again_and_its_lifetime_begins_anew(world: World) -> None:
    world.backend.there["pr-12"] = up(expires=NOW - HOUR)

    expires = world.previews.prepare("pr-12", lifetime=2 * HOUR)

    assert world.backend.done == []
    assert expires == NOW + 2 * HOUR


def test_its_secrets_are_encrypted_as_those_of_its_base(world: World) -> None:
    lines = {"secretsprovider": "awskms://alias/key", "encryptedkey": "AQ=="}
    (world.root / "Pulumi.dev.yaml").write_text(yaml.safe_dump({**lines, "config": {}}))

    world.previews.prepare("pr-12")

    assert world.backend.encryption == lines


@pytest.mark.parametrize("stack", ["dev", "prod", "pr-x", "smoke"])
def test_no_other_stack_is_created(world: World, stack: str) -> None:
    with pytest.raises(AutomationError, match="is not a pull request's stack"):
        world.previews.prepare(stack)

    assert world.backend.done == []


def test_the_maximum_is_kept(world: World) -> None:
    world.backend.maximum = 2
    world.backend.there |= {"pr-1": up(), "pr-2": up()}

    message = world.refusal()

    assert message.startswith("dev allows 2 stacks of pull requests and has 2 (pr-1, pr-2)")
    assert "`python -m automation previews clean-up`" in message


def test_those_of_another_base_do_not_count(world: World) -> None:
    world.backend.maximum = 1
    world.backend.there |= {"pr-1": up(base="staging")}

    world.previews.prepare("pr-12")


def test_an_existing_one_may_be_updated_at_the_maximum(world: World) -> None:
    world.backend.maximum = 1
    world.backend.there |= {"pr-12": up()}

    world.previews.prepare("pr-12")


def test_a_base_that_is_not_up_has_nothing_to_attach_to(world: World) -> None:
    world.backend.there = {"dev": {}}

    assert "`python -m automation up dev` has to succeed first" in world.refusal()


def test_a_full_load_balancer_refuses_before_anything_is_created(world: World) -> None:
    groups = [{"TargetGroupName": str(number)} for number in range(100)]
    world.backend.aws.operations["describe_target_groups"] = {"TargetGroups": groups}

    assert "100 target groups" in world.refusal()


def test_another_preview_cannot_be_attached_to(world: World) -> None:
    world.backend.there["pr-1"] = up()

    assert "is attached to another stack" in world.refusal(base="pr-1")


def test_one_stays_where_it_is_attached(world: World) -> None:
    world.backend.there |= {"staging": DEV, "pr-12": up(base="staging")}

    world.previews.prepare("pr-12")

    assert world.config("pr-12")["node-on-ecs:attach-to"] == "staging"


def test_one_cannot_move_to_another_base(world: World) -> None:
    world.backend.there |= {"staging": DEV, "pr-12": up(base="dev")}

    with pytest.raises(
        AutomationError, match="cannot move to staging: run `python -m automation destroy pr-12`"
    ):
        world.previews.prepare("pr-12", base="staging")


# destroy


def test_a_removed_one_leaves_neither_stack_nor_file(world: World) -> None:
    world.previews.prepare("pr-12")

    assert world.previews.remove("pr-12") is True

    assert world.backend.done[1:] == ["destroy pr-12", "remove pr-12"]
    assert not (world.root / "Pulumi.pr-12.yaml").exists()


def test_a_missing_one_needs_no_removing(world: World) -> None:
    """A pull request without a stack is closed, too."""
    assert world.previews.remove("pr-12") is False
    assert world.backend.done == []


def test_in_a_fresh_checkout_its_file_is_written_again_for_as_long(world: World) -> None:
    world.backend.there["pr-12"] = up()

    world.previews.remove("pr-12")

    assert world.backend.files_at_destroy == [True]
    assert not (world.root / "Pulumi.pr-12.yaml").exists()


def test_without_a_base_the_state_is_enough(world: World) -> None:
    world.backend.there["pr-12"] = up(base="gone")

    assert world.previews.remove("pr-12") is True
    assert "continuing with the state alone" in world.said[0]


def test_one_whose_first_update_failed_is_found_by_what_it_refers_to(world: World) -> None:
    world.backend.there |= {"staging": DEV, "pr-12": {}}
    world.backend.read["pr-12"] = ["staging"]

    (found,) = world.previews.all()

    assert (found.base, found.expires) == ("staging", None)
    assert world.previews.remove("pr-12") is True


@pytest.mark.parametrize("stack", ["dev", "prod", "pr-x", "smoke"])
def test_no_other_stack_is_removed(world: World, stack: str) -> None:
    with pytest.raises(AutomationError, match="is not a pull request's stack"):
        world.previews.remove(stack)

    assert world.backend.done == []


def test_one_that_cannot_be_destroyed_keeps_its_stack(world: World) -> None:
    """Deleted, nobody would ever find what it still has."""
    world.backend.there["pr-12"] = up()
    world.backend.stuck = {"pr-12"}

    with pytest.raises(AutomationError, match="does not drain"):
        world.previews.remove("pr-12")

    assert "pr-12" in world.backend.there


# list and clean-up


def test_they_are_listed_by_number_and_others_are_not(world: World) -> None:
    world.backend.there |= {"pr-10": up(), "pr-9": up(), "pr-x": up()}

    assert [found.stack for found in world.previews.all()] == ["pr-9", "pr-10"]


def test_cleaning_up_continues_after_a_failure_and_reports_all(world: World) -> None:
    world.backend.there |= {f"pr-{number}": up(expires=NOW - HOUR) for number in (1, 2, 3)}
    world.backend.stuck = {"pr-2"}

    outcomes = world.previews.clean_up(still_open=None, dry_run=False)

    assert {one.preview.stack: one.failure for one in outcomes} == {
        "pr-1": None,
        "pr-2": "the service does not drain",
        "pr-3": None,
    }
    assert sorted(world.backend.there) == ["dev", "pr-2"]


def test_only_what_has_a_reason_is_removed(world: World) -> None:
    world.backend.there |= {"pr-1": up(), "pr-2": up()}

    outcomes = world.previews.clean_up(still_open=[1], dry_run=False)

    assert [one.preview.stack for one in outcomes] == ["pr-2"]
    assert sorted(world.backend.there) == ["dev", "pr-1"]


def test_a_dry_run_removes_nothing(world: World) -> None:
    world.backend.there |= {"pr-1": up()}

    outcomes = world.previews.clean_up(still_open=[], dry_run=True)

    assert [one.reason for one in outcomes] == ["pull request 1 is not open"]
    assert world.backend.done == []


def test_one_whose_base_has_no_file_does_not_keep_others(world: World) -> None:
    world.backend.there |= {"pr-1": up(base="gone", expires=NOW - HOUR), "pr-2": up(expires=NOW - HOUR)}

    assert [one.failure for one in world.previews.clean_up(still_open=None, dry_run=False)] == [None, None]
