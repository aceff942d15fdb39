"""Existing images, by any reference."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_docker as docker
import pytest

from infra.image.reference import needs_docker_registry, resolve_image
from tests.unit.infra.factories import ParentComponent
from tests.unit.infra.fake_cloud import ACCOUNT, DIGEST, REGISTRY, FakeCloud
from tests.unit.infra.recorder import Graph, declare

OTHER_DIGEST = f"sha256:{'a' * 64}"
GET_ECR_IMAGE = "aws:ecr/getImage:getImage"
GET_REGISTRY_IMAGE = "docker:index/getRegistryImage:getRegistryImage"


def _resolve(reference: str) -> tuple[Graph, dict[str, Any]]:
    def program() -> None:
        registry = docker.Provider("docker", disable_docker_daemon_check=True)
        image = resolve_image(reference, parent=ParentComponent(), registry=registry)
        pulumi.export("reference", image.reference)
        pulumi.export("version", image.version)
        pulumi.export("repository_arn", image.repository_arn)

    graph = declare(program)
    return graph, graph.exports


@pytest.mark.parametrize(
    ("reference", "queried", "deployed", "version"),
    [
        ("nginx", "nginx:latest", f"nginx@{DIGEST}", "latest"),
        ("nginx:1.29", "nginx:1.29", f"nginx@{DIGEST}", "1.29"),
        ("ghcr.io/org/app:v1", "ghcr.io/org/app:v1", f"ghcr.io/org/app@{DIGEST}", "v1"),
        ("localhost:5000/app", "localhost:5000/app:latest", f"localhost:5000/app@{DIGEST}", "latest"),
        ("localhost:5000/app:v1", "localhost:5000/app:v1", f"localhost:5000/app@{DIGEST}", "v1"),
    ],
)
def test_tag_is_resolved_to_its_digest(reference: str, queried: str, deployed: str, version: str) -> None:
    """If the tag moved while tasks start, two versions would run as one."""
    graph, resolved = _resolve(reference)

    assert [call.arguments["name"] for call in graph.calls(GET_REGISTRY_IMAGE)] == [queried]
    assert resolved == {"reference": deployed, "version": version}


def test_missing_image_is_an_error_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise ValueError("no such tag")

    monkeypatch.setattr(FakeCloud, "call", refuse)

    with pytest.raises(pulumi.RunError, match=r"nginx:1\.29: .*no such tag"):
        _resolve("nginx:1.29")


def test_registries_are_queried_without_a_docker_daemon() -> None:
    """It may be missing in CI."""
    graph, _ = _resolve("nginx:1.29")
    (call,) = graph.calls(GET_REGISTRY_IMAGE)

    assert call.provider.startswith(graph.one("pulumi:providers:docker").urn)


def test_ecr_is_queried_by_the_aws_provider() -> None:
    """Pulumi's Docker provider would change at each run, as ECR's passwords are temporary."""
    graph, resolved = _resolve(f"{REGISTRY}/team/app:v1")
    (call,) = graph.calls(GET_ECR_IMAGE)

    assert call.arguments == {
        "registryId": ACCOUNT,
        "region": "us-east-1",
        "repositoryName": "team/app",
        "imageTag": "v1",
    }
    assert graph.calls(GET_REGISTRY_IMAGE) == []
    assert resolved["reference"] == f"{REGISTRY}/team/app@{DIGEST}"


@pytest.mark.parametrize(
    ("reference", "arn"),
    [
        (f"{REGISTRY}/team/app:v1", f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team/app"),
        (f"{REGISTRY}/app@{OTHER_DIGEST}", f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/app"),
        (
            f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/app@{OTHER_DIGEST}",
            f"arn:aws-cn:ecr:cn-north-1:{ACCOUNT}:repository/app",
        ),
        (
            f"{ACCOUNT}.dkr.ecr.us-gov-west-1.amazonaws.com/app@{OTHER_DIGEST}",
            f"arn:aws-us-gov:ecr:us-gov-west-1:{ACCOUNT}:repository/app",
        ),
        (
            f"{ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu/app:v1",
            f"arn:aws-eusc:ecr:eusc-de-east-1:{ACCOUNT}:repository/app",
        ),
        # Hosts with IPv6 and with FIPS are the same registry.
        (
            f"{ACCOUNT}.dkr-ecr.eu-west-1.on.aws/team/app:v1",
            f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/team/app",
        ),
        (
            f"{ACCOUNT}.dkr.ecr-fips.us-east-2.amazonaws.com/app:v1",
            f"arn:aws:ecr:us-east-2:{ACCOUNT}:repository/app",
        ),
        (
            f"{ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn/app:v1",
            f"arn:aws-cn:ecr:cn-north-1:{ACCOUNT}:repository/app",
        ),
    ],
)
def test_repository_arn_is_that_of_the_reference(reference: str, arn: str) -> None:
    _, resolved = _resolve(reference)

    assert resolved["repository_arn"] == arn


@pytest.mark.parametrize("repository", [f"{REGISTRY}/app", "ghcr.io/org/app", "localhost:5000/app:v1"])
def test_digest_is_not_looked_up_and_its_tag_is_omitted(repository: str) -> None:
    """It can be deployed from machines without access to the registry."""
    graph, resolved = _resolve(f"{repository}@{OTHER_DIGEST}")

    assert graph.invokes == []
    assert resolved["reference"] == f"{repository.removesuffix(':v1')}@{OTHER_DIGEST}"
    assert resolved["version"] == "a" * 12


@pytest.mark.parametrize(
    ("reference", "needed"),
    [
        ("nginx:1.29", True),
        ("public.ecr.aws/nginx/nginx:1.29", True),
        (f"{REGISTRY}/app:v1", False),
        (f"{REGISTRY}/app", False),
        (f"nginx@{OTHER_DIGEST}", False),
    ],
)
def test_docker_registry_is_required_for_tags_outside_ecr(reference: str, needed: bool) -> None:  # noqa: FBT001
    assert needs_docker_registry(reference) is needed
