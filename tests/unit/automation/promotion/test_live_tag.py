"""The tag of the image that a stack runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from automation.promotion.live_tag import digest_of, tag_live_image

DIGEST = f"sha256:{'1234567890ab'}{'f' * 52}"
REPOSITORY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/app"
IMAGE = f"{REPOSITORY}@{DIGEST}"
TAG = "live-prod-1234567890ab"
TAGGED = f"the image has the tag {TAG}, so that it does not expire"
UNTAGGED = f"warning: the image has no tag {TAG}, and may expire: "
WHERE = {"registryId": "111111111111", "repositoryName": "team/app"}
LIST = "application/vnd.oci.image.index.v1+json"


class Clients:
    """ECR, as it is told to answer."""

    def __init__(self) -> None:
        self.ecr = boto3.client(
            "ecr", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        self.stubber = Stubber(self.ecr)

    def client(self, service: str, /) -> Any:
        assert service == "ecr"
        return self.ecr


@pytest.fixture
def clients() -> Iterator[Clients]:
    clients = Clients()
    with clients.stubber:
        yield clients
        clients.stubber.assert_no_pending_responses()


def has(clients: Clients, *images: dict[str, Any], **more: Any) -> None:
    asked = {"imageIds": [{"imageDigest": DIGEST}], "acceptedMediaTypes": ANY, **WHERE}
    clients.stubber.add_response("batch_get_image", {"images": list(images), **more}, asked)


def test_the_tag_names_the_stack_and_the_digest(clients: Clients) -> None:
    has(clients, {"imageManifest": "{}", "imageManifestMediaType": LIST})
    put = {
        "imageManifest": "{}",
        "imageManifestMediaType": LIST,
        "imageTag": TAG,
        "imageDigest": DIGEST,
        **WHERE,
    }
    clients.stubber.add_response("put_image", {}, put)

    assert tag_live_image("prod", IMAGE, clients) == TAGGED


def test_an_image_that_has_the_tag_keeps_it(clients: Clients) -> None:
    has(clients, {"imageManifest": "{}"})
    clients.stubber.add_client_error("put_image", "ImageAlreadyExistsException")

    assert tag_live_image("prod", IMAGE, clients) == TAGGED


@pytest.mark.parametrize("operation", ["batch_get_image", "put_image"])
def test_a_missing_permission_is_a_problem(clients: Clients, operation: str) -> None:
    if operation == "put_image":
        has(clients, {"imageManifest": "{}"})
    clients.stubber.add_client_error(operation, "AccessDeniedException", "not authorized to perform it")

    line = tag_live_image("prod", IMAGE, clients)

    assert line.startswith(UNTAGGED)
    assert "not authorized to perform it" in line


def test_a_tag_that_another_image_has_is_a_problem(clients: Clients) -> None:
    """Tags of the repository never move."""
    has(clients, {"imageManifest": "{}"})
    clients.stubber.add_client_error("put_image", "ImageTagAlreadyExistsException", "the tag is there")

    assert "the tag is there" in tag_live_image("prod", IMAGE, clients)


def test_an_image_that_is_missing_is_a_problem(clients: Clients) -> None:
    has(clients, failures=[{"failureCode": "ImageNotFound", "failureReason": "Requested image not found"}])

    assert tag_live_image("prod", IMAGE, clients) == (
        f"{UNTAGGED}ECR does not return {DIGEST}: Requested image not found"
    )


@pytest.mark.parametrize(
    "image",
    [f"registry.example.com/app@{DIGEST}", f"public.ecr.aws/team/app@{DIGEST}", f"{REPOSITORY}:1.0", ""],
)
def test_an_image_that_is_not_in_ecr_by_its_digest_is_not_tagged(clients: Clients, image: str) -> None:
    assert tag_live_image("prod", image, clients) == ""


def test_the_digest_is_what_follows_the_at_sign() -> None:
    assert (digest_of(IMAGE), digest_of(REPOSITORY)) == (DIGEST, "")
