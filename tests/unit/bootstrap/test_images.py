"""The shared repository: immutable tags, and no expiry of images that stacks run."""

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


def test_repository_is_immutable_scanned_and_protected(graph: Graph) -> None:
    repository = graph.one(REPOSITORY)

    assert repository.inputs["name"] == "node-on-ecs"
    assert repository.inputs["imageTagMutability"] == "IMMUTABLE"
    assert repository.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
    assert "forceDelete" not in repository.inputs
    assert repository.protect


def test_images_with_a_tag_do_not_expire_by_default(graph: Graph) -> None:
    policy = json.loads(graph.one("aws:ecr/lifecyclePolicy:LifecyclePolicy").inputs["policy"])

    assert [rule["selection"]["tagStatus"] for rule in policy["rules"]] == ["untagged"]


@pytest.mark.parametrize("days", [0, 1, 365])
def test_lifecycle_rules_are_ordered_by_priority(days: int) -> None:
    """ECR sorts them, and another order would be a difference at each update."""
    rules = lifecycle(days)

    assert [rule["rulePriority"] for rule in rules] == list(range(1, len(rules) + 1))


def _expired(images: dict[str, tuple[list[str], int]], rules: list[dict[str, Any]]) -> set[str]:
    """Return the images that ECR would expire, by images with their tags and ages in days.

    An image that a rule selects by its tags cannot be expired by a later rule.
    """
    expired: set[str] = set()
    protected: set[str] = set()
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
        expired |= too_many - protected
        protected |= selected
    return expired


def test_images_of_stacks_never_expire() -> None:
    images = {
        "runs": (["abc-01", "live-prod-0123456789ab"], 5000),
        "old": (["abd-01"], 400),
        "new": (["abe-01"], 1),
        "left over": ([], 20),
    }

    assert _expired(images, lifecycle(365)) == {"old", "left over"}
    assert _expired(images, lifecycle(0)) == {"left over"}


def test_repository_is_optional(declare_account: DeclareAccount) -> None:
    graph = declare_account({"image-repository": ""})

    assert [r.name for r in graph.resources if r.type.startswith("aws:ecr")] == []


def test_images_are_replicated_to_trusted_accounts(declare_account: DeclareAccount) -> None:
    graph = declare_account({"trusted-accounts": [OTHER]})

    copies = graph.one("aws:ecr/replicationConfiguration:ReplicationConfiguration").inputs
    (rule,) = copies["replicationConfiguration"]["rules"]
    assert rule == {
        "destinations": [{"region": REGION, "registryId": OTHER}],
        "repositoryFilters": [{"filter": "node-on-ecs", "filterType": "PREFIX_MATCH"}],
    }


def test_images_of_another_account_are_accepted(declare_account: DeclareAccount) -> None:
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
