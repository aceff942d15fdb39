"""Stacks by Pulumi's own CLI, on a backend of files: made, brought up, listed, destroyed, forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from automation.errors import AutomationError
from automation.previews.lifecycle import Limits, Previews
from automation.stacks.account import AccountStacks
from tests.integration.automation.accounts import account_in
from tests.unit.infra.rollout.aws import Aws

pytestmark = pytest.mark.pulumi

_PROGRAM = """
import sys

import pulumi


def fail(_):
    raise pulumi.RunError("broken on purpose")


config, stack = pulumi.Config(), pulumi.get_stack()
base = config.get("attach-to")
if base:
    shared = pulumi.StackReference(f"organization/toys/{base}").require_output("attachment")
    if config.get("broken"):
        pulumi.export("url", shared.apply(fail))
        sys.exit()
    pulumi.export("attached_to", base)
    pulumi.export("expires", config.require("expires"))
    pulumi.export("url", shared["listener_arn"].apply(lambda arn: f"http://{arn[-2:]}/{stack}"))
else:
    pulumi.export("attachment", {"listener_arn": "arn:lb/1", "load_balancer_arn": "arn:lb"})
pulumi.export("opened", config.require_secret("key"))
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def stacks(root: Path) -> AccountStacks:
    return account_in(root, _PROGRAM)


@pytest.fixture
def base(stacks: AccountStacks) -> AccountStacks:
    """The stack dev, up, with an encrypted value."""
    stacks.create("dev", {"encryptionsalt": "there will be one"})
    stacks._run("config", "set", "--secret", "key", "xyzzy", "--stack", "dev")
    stacks.up("dev")
    return stacks


def previews(stacks: AccountStacks) -> Previews:
    return Previews(
        stacks=stacks,
        root=stacks.root,
        project="toys",
        limits=lambda _: Limits(maximum=2, lifetime=timedelta(hours=72)),
        clients=lambda _: Aws(
            describe_rules={"Rules": []},
            describe_listeners={"Listeners": []},
            describe_target_groups={"TargetGroups": []},
        ),
        keys_of_the_base=(),
        priority_of=lambda _: 1,
        say=lambda _: None,
    )


def break_it(root: Path, stack: str) -> None:
    path = root / f"Pulumi.{stack}.yaml"
    document = yaml.safe_load(path.read_text())
    document["config"]["toys:broken"] = True
    path.write_text(yaml.safe_dump(document))


def test_two_stacks_of_pull_requests_come_up_and_one_goes(base: AccountStacks, root: Path) -> None:
    before = base.outputs("dev")
    for stack in ("pr-1", "pr-2"):
        previews(base).prepare(stack)
        outputs = base.up(stack)
        assert outputs["url"] == f"http:///1/{stack}"
        assert outputs["opened"] == "xyzzy", "with the passphrase and the salt of its base"

    previews(base).remove("pr-1")

    assert sorted(one.name for one in base.known()) == ["dev", "pr-2"]
    assert base.outputs("dev") == before
    assert not (root / "Pulumi.pr-1.yaml").exists()
    (left,) = previews(base).all()
    assert (left.stack, left.base) == ("pr-2", "dev")
    assert left.last_update is not None
    assert datetime.now(UTC) - left.last_update < timedelta(minutes=5)


def test_one_whose_first_update_failed_goes_too_from_a_checkout_without_its_file(
    base: AccountStacks, root: Path
) -> None:
    previews(base).prepare("pr-1")
    break_it(root, "pr-1")
    with pytest.raises(AutomationError, match="broken on purpose"):
        base.up("pr-1")
    (root / "Pulumi.pr-1.yaml").unlink()

    (found,) = previews(base).all()
    previews(base).remove("pr-1")

    assert (found.base, found.expires, found.address) == ("dev", None, None), "the base is in the state"
    assert [one.name for one in base.known()] == ["dev"]


def test_one_goes_though_its_base_has_gone_before(base: AccountStacks, root: Path) -> None:
    previews(base).prepare("pr-1")
    base.up("pr-1")
    for stack in ("pr-1", "dev"):
        (root / f"Pulumi.{stack}.yaml").unlink()

    previews(base).remove("pr-1")

    assert [one.name for one in base.known()] == ["dev"]


def test_one_that_was_made_and_never_brought_up_is_listed_and_goes(base: AccountStacks) -> None:
    previews(base).prepare("pr-1")

    (found,) = previews(base).all()
    previews(base).remove("pr-1")

    assert (found.base, found.address) == (None, None)
    assert [one.name for one in base.known()] == ["dev"]


def test_a_stack_that_is_not_there_tells_nothing(stacks: AccountStacks) -> None:
    assert stacks.outputs("dev") == {}
    assert list(stacks.known()) == []


def test_without_the_cli_it_says_what_to_install(
    stacks: AccountStacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(AutomationError, match="there is no `pulumi` on PATH: install the Pulumi CLI"):
        stacks.known()
