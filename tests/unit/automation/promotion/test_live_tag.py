"""The tag of a live image."""

from __future__ import annotations

from typing import Any

import pytest

from automation.promotion.live_tag import digest_of, tag_live_image
from tests.unit.infra.rollout.aws import Answer, Aws, ErrorResponse

DIGEST = f"sha256:{'1234567890ab'}{'f' * 52}"
REPOSITORY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/app"
IMAGE = f"{REPOSITORY}@{DIGEST}"
TAG = "live-prod-1234567890ab"
TAGGED = f"the image has the tag {TAG}, so that it does not expire"
UNTAGGED = f"warning: the image has no tag {TAG}, and may expire: "
WHERE = {"registryId": "111111111111", "repositoryName": "team/app"}
LIST = "application/vnd.oci.image.index.v1+json"


def ecr(put: Answer | None = None, get: Answer | None = None, **image: str) -> Aws:
    """Return a registry with the image, and with these responses."""
    found: Any = {"images": [{"imageManifest": "{}", **image}]}
    return Aws(batch_get_image=get or found, put_image={} if put is None else put)


def test_the_tag_names_the_stack_and_the_digest() -> None:
    aws = ecr(imageManifestMediaType=LIST)

    assert tag_live_image("prod", IMAGE, aws) == TAGGED
    (request,) = aws.requests("batch_get_image")
    assert request.items() >= {"imageIds": [{"imageDigest": DIGEST}], **WHERE}.items()
    assert aws.requests("put_image") == [
        {
            "imageManifest": "{}",
            "imageManifestMediaType": LIST,
            "imageTag": TAG,
            "imageDigest": DIGEST,
            **WHERE,
        }
    ]


@pytest.mark.parametrize(
    "host",
    ["dkr.ecr-fips.us-east-1.amazonaws.com", "dkr-ecr.eu-west-1.on.aws", "dkr-ecr-fips.us-east-1.on.aws"],
)
def test_each_host_of_a_registry_is_known(host: str) -> None:
    """`image` may name any of them."""
    assert tag_live_image("prod", f"111111111111.{host}/team/app@{DIGEST}", ecr()) == TAGGED


def test_an_existing_tag_is_kept() -> None:
    assert tag_live_image("prod", IMAGE, ecr(ErrorResponse("ImageAlreadyExistsException"))) == TAGGED


@pytest.mark.parametrize(
    ("aws", "reason"),
    [
        (ecr(get=ErrorResponse("AccessDeniedException", "not authorized")), "not authorized"),
        (ecr(ErrorResponse("AccessDeniedException", "not authorized")), "not authorized"),
        # The repository's tags are immutable.
        (ecr(ErrorResponse("ImageTagAlreadyExistsException", "another has it")), "another has it"),
        (
            ecr(get={"images": [], "failures": [{"failureReason": "Requested image not found"}]}),
            f"ECR does not return {DIGEST}: Requested image not found",
        ),
    ],
    ids=["not allowed to read", "not allowed to tag", "the tag of another image", "no image"],
)
def test_an_image_that_cannot_be_tagged_is_a_warning(aws: Aws, reason: str) -> None:
    line = tag_live_image("prod", IMAGE, aws)

    assert line.startswith(UNTAGGED)
    assert line.endswith(reason)


@pytest.mark.parametrize(
    "image",
    [f"registry.example.com/app@{DIGEST}", f"public.ecr.aws/team/app@{DIGEST}", f"{REPOSITORY}:1.0", ""],
)
def test_images_outside_ecr_or_without_a_digest_are_not_tagged(image: str) -> None:
    aws = Aws()

    assert (tag_live_image("prod", image, aws), aws.calls) == ("", [])


def test_the_digest_follows_the_at_sign() -> None:
    assert (digest_of(IMAGE), digest_of(REPOSITORY)) == (DIGEST, "")
