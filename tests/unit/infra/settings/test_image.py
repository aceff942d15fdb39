"""Rules for the source of the image."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import BuildSecret
from tests.unit.infra.settings_fixtures import PROJECT, refuses, settings_of

PRIVATE = {"registry-credentials": "arn:aws:secretsmanager:us-east-1:123456789012:secret:ghcr-AbCdEf"}
DIGEST = f"sha256:{'0' * 64}"


def test_image_from_uses_the_shared_repository() -> None:
    image = settings_of({"repository": "team/app", "image-from": "staging"}, stack="prod").image

    assert (image.repository, image.image_from) == ("team/app", "staging")


@pytest.mark.parametrize(
    "stack", ["staging", "organization/node-on-ecs/staging", "organization/another-project/dev"]
)
def test_image_from_accepts_a_qualified_stack(stack: str) -> None:
    assert settings_of({"repository": "app", "image-from": stack}).image.image_from == stack


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"image-from": "staging"}, "image-from … needs `repository`"),
        ({"image-from": "staging", "repository": "app", "image": "nginx:1"}, "image-from … one of `image`"),
        ({"image-from": "dev", "repository": "app"}, "image-from … another stack than this one"),
        ({"image-from": f"me/{PROJECT}/dev", "repository": "app"}, "image-from … another stack"),
        ({"image-from": "a/b", "repository": "app"}, "image-from … organization/project/staging"),
        ({"repository": "App"}, "repository … lowercase"),
        ({"repository": "a"}, "repository … 2 to 256"),
        ({"repository": "app/"}, "repository … the name of an ECR repository"),
        ({"image": "https://ghcr.io/app"}, "image … a registry reference"),
        ({"image": "ghcr.io/Team/App"}, "image … a registry reference"),
        ({"image": "Team/app"}, "image … a registry reference"),
        ({"image": "nginx@sha256:abc"}, "image … a registry reference"),
        ({"app-path": ""}, "app-path … a folder, from the project's root"),
        ({"app-path": "/srv/app"}, "app-path … a folder, from the project's root"),
        ({"architecture": "amd64"}, "architecture … one of arm64, x86_64"),
        ({"build-args": {"NODE-IMAGE": "x"}}, "build-args.NODE-IMAGE: … letters, digits and underscores"),
    ],
)
def test_invalid_images_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


def test_a_build_has_dockerfile_stage_and_secrets() -> None:
    image = settings_of(
        {
            "dockerfile": "docker/prod.Dockerfile",
            "build-target": "prod",
            "build-secrets": {"npm": {"env": "NPM_TOKEN"}, "npmrc": {"file": "~/.npmrc"}},
        }
    ).image

    assert (image.dockerfile, image.build_target) == ("docker/prod.Dockerfile", "prod")
    assert image.build_secrets == {"npm": BuildSecret(env="NPM_TOKEN"), "npmrc": BuildSecret(file="~/.npmrc")}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"dockerfile": "/Dockerfile"}, "dockerfile … from the project's root"),
        ({"build-target": "a b"}, "build-target … a stage's name"),
        ({"build-secrets": {"a b": {"env": "X"}}}, "build-secrets.a b: … letters, digits and _ . -"),
        ({"build-secrets": {"npm": {}}}, "build-secrets.npm = [secret]: … one of `env`"),
        ({"build-secrets": {"npm": {"env": "X", "file": "y"}}}, "build-secrets.npm = … one of `env`"),
        ({"build-secrets": {"npm": "hunter2"}}, "build-secrets.npm = [secret]: … an object with env, file"),
        (
            {"build-secrets": {"npm": {"value": "hunter2"}}},
            "build-secrets.npm.value = [secret]: … no such key",
        ),
        ({"registry-credentials": "hunter2"}, "registry-credentials = [secret]: … the full ARN of a Secrets"),
        ({**PRIVATE, "image": "ghcr.io/team/app:1", "multidev": ["bob"]}, "image … the image by digest"),
        ({**PRIVATE, "services": {"api": {"image": "b:1"}}}, "services.api.image … the image by digest"),
        ({**PRIVATE, "multidev": [{"name": "bob", "image": "b:1"}]}, "multidev[0].image … the image by"),
        (
            {
                "sidecars": {"proxy": {**PRIVATE, "image": "b:1"}},
                "services": {"api": {}},
                "multidev": ["bob"],
            },
            "sidecars.proxy.image … the image by digest",
        ),
        (
            {"services": {"api": {"sidecars": {"proxy": {**PRIVATE, "image": "b:1"}}}}},
            "services.api.sidecars.proxy.image … the image by digest",
        ),
    ],
)
def test_invalid_builds_and_credentials_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


@pytest.mark.parametrize(
    "image", [f"ghcr.io/team/app@{DIGEST}", "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1"]
)
def test_registry_credentials_are_accepted_for_an_image_by_digest_or_in_ecr(image: str) -> None:
    assert settings_of({**PRIVATE, "image": image}).main.registry_credentials


def test_service_that_builds_its_image_may_have_registry_credentials_beside_a_tagged_main_image() -> None:
    api = {**PRIVATE, "app-path": "api"}
    services = settings_of({"image": "ghcr.io/team/app:1", "services": {"api": api}}).more_services

    assert services["api"].registry_credentials


def test_sidecar_without_registry_credentials_may_have_a_tag() -> None:
    config = {**PRIVATE, "sidecars": {"proxy": {"image": "nginx:1.29"}}}

    assert settings_of(config).main.sidecars["proxy"].image == "nginx:1.29"
