"""Ready images, by any reference."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_docker as docker
import pytest

from infra.image.reference import needs_docker_registry, resolve_image
from tests.unit.infra.factories import Holder
from tests.unit.infra.fake_cloud import ACCOUNT, DIGEST, REGISTRY, FakeCloud
from tests.unit.infra.recorder import Graph, declare

OTHER_DIGEST = f"sha256:{'a' * 64}"
GET_ECR_IMAGE = "aws:ecr/getImage:getImage"
GET_REGISTRY_IMAGE = "docker:index/getRegistryImage:getRegistryImage"


def _resolve(reference: str) -> tuple[Graph, dict[str, Any]]:
    def program() -> None:
        registry = docker.Provider("docker", disable_docker_daemon_check=True)
        image = resolve_image(reference, parent=Holder(), registry=registry)
        pulumi.export("reference", image.reference)
        pulumi.export("version", image.version)
        pulumi.export("repository_arn", image.repository_arn)

    graph = declare(program)
    return graph, graph.exports


@pytest.mark.parametrize(
    ("reference", "asked", "deployed", "version"),
    [
        ("nginx", "nginx:latest", f"nginx@{DIGEST}", "latest"),
        ("nginx:1.29", "nginx:1.29", f"nginx@{DIGEST}", "1.29"),
        ("ghcr.io/org/app:v1", "ghcr.io/org/app:v1", f"ghcr.io/org/app@{DIGEST}", "v1"),
        ("localhost:5000/app", "localhost:5000/app:latest", f"localhost:5000/app@{DIGEST}", "latest"),
        ("localhost:5000/app:v1", "localhost:5000/app:v1", f"localhost:5000/app@{DIGEST}", "v1"),
    ],
)
def test_a_tag_of_any_registry_is_resolved_to_its_digest(
    reference: str,
    asked: str,
    deployed: str,
    version: str,
) -> None:
    """A tag that moves while tasks start would run two versions as one."""
    graph, resolved = _resolve(reference)

    assert [call.arguments["name"] for call in graph.calls(GET_REGISTRY_IMAGE)] == [asked]
    assert resolved == {"reference": deployed, "version": version}


def test_an_image_that_no_registry_has_is_an_error_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any) -> None:
        raise ValueError("no such tag")

    monkeypatch.setattr(FakeCloud, "call", refuse)

    with pytest.raises(pulumi.RunError, match=r"nginx:1\.29: .*no such tag"):
        _resolve("nginx:1.29")


def test_other_registries_are_asked_without_a_docker_daemon() -> None:
    """CI machines and previews may have none."""
    graph, _ = _resolve("nginx:1.29")
    (call,) = graph.calls(GET_REGISTRY_IMAGE)

    assert call.provider.startswith(graph.one("pulumi:providers:docker").urn)


def test_ecr_is_asked_by_the_aws_provider_where_the_reference_says() -> None:
    """Pulumi's Docker provider would show a change on every run, as ECR's password is always new."""
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
        # The hosts with IPv6 and with FIPS are the same registry.
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
def test_tasks_may_pull_from_the_ecr_repository_of_the_reference(reference: str, arn: str) -> None:
    _, resolved = _resolve(reference)

    assert resolved["repository_arn"] == arn


@pytest.mark.parametrize("repository", [f"{REGISTRY}/app", "ghcr.io/org/app", "localhost:5000/app:v1"])
def test_a_digest_is_taken_as_it_is_and_a_tag_beside_it_left_out(repository: str) -> None:
    """Nothing is asked, so it deploys even where the registry does not answer this machine."""
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
def test_a_docker_registry_is_needed_for_tags_outside_of_ecr(reference: str, needed: bool) -> None:  # noqa: FBT001
    assert needs_docker_registry(reference) is needed
