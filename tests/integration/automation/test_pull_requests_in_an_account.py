"""Stacks of pull requests in an account: made, brought up, listed, destroyed and forgotten by the Pulumi CLI."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from automation.errors import AutomationError
from automation.previews.lifecycle import Previews
from automation.stacks.stacks import Stacks
from tests.integration.automation.conftest import Toys

PROGRAM = """
import pulumi


def fail(_):
    raise pulumi.RunError("broken on purpose")


config, stack = pulumi.Config("node-on-ecs"), pulumi.get_stack()
base = config.get("attach-to")
if base:
    shared = pulumi.StackReference(f"organization/node-on-ecs/{base}").require_output("attachment")
    if pulumi.Config("toys").get("broken"):
        pulumi.export("url", shared.apply(fail))
    else:
        pulumi.export("attached_to", base)
        pulumi.export("expires", config.require("expires"))
        pulumi.export("url", shared["listener_arn"].apply(lambda arn: f"http://{arn[-2:]}/{stack}"))
else:
    pulumi.export("attachment", {"listener_arn": "arn:lb/1", "load_balancer_arn": "arn:lb"})
pulumi.export("opened", pulumi.Config("toys").require_secret("key"))
"""


def begin(toys: Toys) -> None:
    toys.stacks.create("dev", {"encryptionsalt": "there will be one"})
    toys.pulumi("config", "set", "--secret", "toys:key", "xyzzy", "--stack", "dev")
    toys.stacks.up("dev")


@pytest.fixture
def base(toys: Toys) -> Toys:
    """The stack dev, up, with an encrypted value."""
    return toys


def previews(stacks: Stacks) -> Previews:
    return Previews(stacks, say=lambda _: None)


def names(toys: Toys) -> list[str]:
    return sorted(one.name for one in toys.stacks.summaries())


def test_two_previews_are_deployed_and_one_is_deleted(base: Toys) -> None:
    before = base.stacks.outputs("dev")
    for stack in ("pr-1", "pr-2"):
        previews(base.stacks).prepare(stack)
        base.stacks.up(stack)
    outputs = [base.stacks.outputs(stack) for stack in ("pr-1", "pr-2")]

    previews(base.stacks).remove("pr-1")

    # With the passphrase and the salt of their base.
    assert [(one["url"], one["opened"]) for one in outputs] == [
        ("http:///1/pr-1", "xyzzy"),
        ("http:///1/pr-2", "xyzzy"),
    ]
    assert names(base) == ["dev", "pr-2"]
    assert base.stacks.outputs("dev") == before
    assert not (base.root / "Pulumi.pr-1.yaml").exists()
    (left,) = previews(base.stacks).all()
    assert (left.stack, left.base) == ("pr-2", "dev")
    assert left.last_update is not None
    assert datetime.now(UTC) - left.last_update < timedelta(minutes=5)


def test_a_preview_whose_first_update_failed_is_deleted_without_its_stack_file(base: Toys) -> None:
    previews(base.stacks).prepare("pr-1")
    base.pulumi("config", "set", "toys:broken", "true", "--stack", "pr-1")
    with pytest.raises(AutomationError, match="broken on purpose"):
        base.stacks.up("pr-1")
    (base.root / "Pulumi.pr-1.yaml").unlink()

    (found,) = previews(base.stacks).all()
    previews(base.stacks).remove("pr-1")

    assert (found.base, found.expires, found.address) == ("dev", None, None), "the base is in the state"
    assert names(base) == ["dev"]


def test_a_preview_is_deleted_after_its_base(base: Toys) -> None:
    previews(base.stacks).prepare("pr-1")
    base.stacks.up("pr-1")
    for stack in ("pr-1", "dev"):
        (base.root / f"Pulumi.{stack}.yaml").unlink()

    previews(base.stacks).remove("pr-1")

    assert names(base) == ["dev"]


def test_a_preview_that_was_never_deployed_is_listed_and_deleted(base: Toys) -> None:
    previews(base.stacks).prepare("pr-1")

    (found,) = previews(base.stacks).all()
    previews(base.stacks).remove("pr-1")

    assert (found.base, found.address) == (None, None)
    assert names(base) == ["dev"]
