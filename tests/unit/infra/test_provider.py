"""The provider: account, region and tags."""

from __future__ import annotations

import json
from typing import Any

from infra.provider import aws_provider
from infra.settings import ProviderSettings
from tests.unit.infra.recorder import Declared, declare


def _provider(**changes: Any) -> Declared:
    settings = {
        "region": "eu-west-1",
        "profile": None,
        "assume_role_arn": None,
        "permissions_boundary": None,
        "tags": {},
        **changes,
    }
    graph = declare(lambda: aws_provider(ProviderSettings(**settings)))
    return graph.one("pulumi:providers:aws", "aws")


def test_region_and_tags_are_the_settings() -> None:
    """Whatever the shell says, a stack goes where its file says, and can be found by its tags."""
    inputs = _provider(tags={"Project": "p", "Stack": "dev"}).inputs

    assert inputs["region"] == "eu-west-1"
    assert json.loads(inputs["defaultTags"]) == {"tags": {"Project": "p", "Stack": "dev"}}


def test_without_profile_and_role_the_surroundings_credentials_are_used() -> None:
    """An empty profile or role would be looked up, and not found."""
    assert {"profile", "assumeRoles"} & _provider().inputs.keys() == set()


def test_a_role_is_assumed_so_that_a_stack_can_have_an_account_of_its_own() -> None:
    role = "arn:aws:iam::123456789012:role/deploy"

    inputs = _provider(assume_role_arn=role, profile="prod").inputs

    # pulumi-aws 7 takes a list of roles, each assumed by the one before.
    assert json.loads(inputs["assumeRoles"]) == [{"roleArn": role}]
    assert inputs["profile"] == "prod"
