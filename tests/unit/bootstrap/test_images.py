"""The shared repository: what was tested is what runs, as long as something runs it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from account.images import lifecycle
from tests.unit.bootstrap.conftest import DeclareAccount, statements
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.recorder import Graph

REPOSITORY = "aws:ecr/repository:Repository"
OTHER = "222222222222"


def test_tags_never_move_and_pushes_are_scanned(graph: Graph) -> None:
    repository = graph.one(REPOSITORY)

    assert repository.inputs["name"] == "node-on-ecs"
    assert repository.inputs["imageTagMutability"] == "IMMUTABLE"
    assert repository.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
    assert "forceDelete" not in repository.inputs
    assert repository.protect


def test_no_image_with_a_tag_expires_unless_asked_for(graph: Graph) -> None:
    policy = json.loads(graph.one("aws:ecr/lifecyclePolicy:LifecyclePolicy").inputs["policy"])

    assert [rule["selection"]["tagStatus"] for rule in policy["rules"]] == ["untagged"]


@pytest.mark.parametrize("days", [0, 1, 365])
def test_rules_come_in_the_order_of_their_priority(days: int) -> None:
    """ECR sorts them, and another order would be a difference for ever."""
    rules = lifecycle(days)

    assert [rule["rulePriority"] for rule in rules] == list(range(1, len(rules) + 1))


def _expired(images: dict[str, tuple[list[str], int]], rules: list[dict[str, Any]]) -> set[str]:
    """Return what ECR would expire, of images with their tags and age in days.

    As AWS has it: what a rule selects by its tags, no later rule can expire.
    """
    expired: set[str] = set()
    taken: set[str] = set()
    for rule in rules:
        selection = rule["selection"]
        prefixes = [pattern.removesuffix("*") for pattern in selection.get("tagPatternList", [])]
        selected = {
            name
            for name, (tags, _) in images.items()
            if selection["tagStatus"] == "any"
            or (selection["tagStatus"] == "untagged" and not tags)
            or (prefixes and all(any(tag.startswith(prefix) for tag in tags) for prefix in prefixes))
        }
        by_age = sorted(selected, key=lambda name: images[name][1])
        if selection["countType"] == "imageCountMoreThan":
            too_many = set(by_age[selection["countNumber"] :])
        else:
            too_many = {name for name in selected if images[name][1] > selection["countNumber"]}
        expired |= too_many - taken
        taken |= selected
    return expired


def test_an_image_that_some_stack_runs_never_expires() -> None:
    images = {
        "runs": (["abc-01", "live-prod-0123456789ab"], 5000),
        "old": (["abd-01"], 400),
        "new": (["abe-01"], 1),
        "left over": ([], 20),
    }

    assert _expired(images, lifecycle(365)) == {"old", "left over"}
    assert _expired(images, lifecycle(0)) == {"left over"}


def test_an_account_can_go_without_a_repository(declare_account: DeclareAccount) -> None:
    graph = declare_account({"image-repository": ""})

    assert [r.name for r in graph.resources if r.type.startswith("aws:ecr")] == []


def test_images_are_copied_to_other_accounts(declare_account: DeclareAccount) -> None:
    graph = declare_account({"trusted-accounts": [OTHER]})

    copies = graph.one("aws:ecr/replicationConfiguration:ReplicationConfiguration").inputs
    (rule,) = copies["replicationConfiguration"]["rules"]
    assert rule == {
        "destinations": [{"region": REGION, "registryId": OTHER}],
        "repositoryFilters": [{"filter": "node-on-ecs", "filterType": "PREFIX_MATCH"}],
    }


def test_images_of_one_other_account_are_let_in(declare_account: DeclareAccount) -> None:
    graph = declare_account({"images-from-account": OTHER})

    policy = statements(graph.one("aws:ecr/registryPolicy:RegistryPolicy").inputs["policy"])
    assert policy == {
        "Copy": {
            "Sid": "Copy",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
            "Action": ["ecr:ReplicateImage"],
            "Resource": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/node-on-ecs",
        }
    }
