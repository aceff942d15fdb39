"""The registry functions name the emulator's own registry, and say what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from local.resources.ecr_invokes import get_authorization_token, get_image, get_repository

from local.resources.base import ResourceError
from tests.integration.resources.examples_services import REPOSITORY

if TYPE_CHECKING:
    from tests.integration.resources.example import Workbench


def test_the_token_is_for_the_registry_on_this_machine(bench: Workbench) -> None:
    token = get_authorization_token(bench.cloud, {"registryId": "000000000000"})

    assert token["userName"] == "AWS"
    assert token["password"]
    assert token["proxyEndpoint"] == f"http://localhost:{urlsplit(bench.cloud.endpoint).port}"


def test_a_repository_has_its_url_on_this_machine(bench: Workbench) -> None:
    made = bench.make(REPOSITORY, {"forceDelete": True})

    found = get_repository(bench.cloud, {"name": made.id})

    assert found["repositoryUrl"] == made.outputs["repositoryUrl"]
    assert found["repositoryUrl"].startswith("localhost:")
    assert found["arn"] == made.outputs["arn"]


def test_a_repository_that_is_not_there_is_named(bench: Workbench) -> None:
    with pytest.raises(ResourceError, match="'no-such-repository'"):
        get_repository(bench.cloud, {"name": "no-such-repository"})


@pytest.mark.parametrize(
    "asked", [{"imageTag": "7"}, {"imageDigest": "sha256:" + "0" * 64}, {"mostRecent": True}]
)
def test_an_image_that_is_not_there_is_named(bench: Workbench, asked: dict[str, object]) -> None:
    made = bench.make(REPOSITORY, {"forceDelete": True})

    with pytest.raises(ResourceError, match=made.id):
        get_image(bench.cloud, {"repositoryName": made.id, **asked})
