"""The app's image: built, from another stack, or existing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra.image.app_image import AppImage, AppImageArgs
from infra.settings import Architecture, BuildSecret
from tests.unit.infra.factories import child_options, image_settings
from tests.unit.infra.fake_cloud import DIGEST, REGISTRY, FakeCloud
from tests.unit.infra.recorder import Graph, Secret, declare

REPOSITORY = "aws:ecr/repository:Repository"
IMAGE = "docker-build:index:Image"
OTHER_DIGEST = f"sha256:{'a' * 64}"
CACHE = f"{REGISTRY}/app-cache-1a2b3c4:cache"


def _app_image(
    app: Path,
    *,
    protect: bool = False,
    cloud: FakeCloud | None = None,
    architecture: Architecture = "arm64",
    dry_run: bool = False,
    **settings: Any,
) -> Graph:
    args = AppImageArgs(
        settings=image_settings(str(app), **settings),
        architecture=architecture,
        stack_prefix="organization/node-on-ecs",
        protect=protect,
    )
    return declare(lambda: AppImage("app", args, opts=child_options()), cloud=cloud, dry_run=dry_run)


def _outputs(graph: Graph) -> dict[str, Any]:
    return graph.component_outputs("node-on-ecs:infra:AppImage", "app")


def test_repository_is_immutable_scanned_and_encrypted(app: Path) -> None:
    assert _app_image(app).one(REPOSITORY, "app").inputs == {
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "KMS"}],
        "forceDelete": True,
    }


def test_existing_repositories_keep_their_encryption(app: Path) -> None:
    """AWS cannot change it: the repositories would be replaced."""
    ignored = {repository.name: repository.ignore_changes for repository in _app_image(app).all(REPOSITORY)}

    assert ignored == dict.fromkeys(("app", "app-cache"), ("encryptionConfigurations",))


def test_protected_repository_is_not_deleted_with_its_images(app: Path) -> None:
    repository = _app_image(app, protect=True).one(REPOSITORY, "app")

    assert repository.protect is True
    assert repository.inputs["forceDelete"] is False


def test_lifecycle_policy_keeps_the_newest_images(app: Path) -> None:
    policy = _app_image(app, retained_images=5).one(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy", "app-retention"
    )

    (rule,) = json.loads(policy.inputs["policy"])["rules"]
    assert policy.inputs["repository"] == "app-1a2b3c4"
    assert rule["selection"] == {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5}


def test_cache_has_its_own_repository_where_old_caches_expire(app: Path) -> None:
    """Each build moves its tag, which the images' repository rejects."""
    graph = _app_image(app)
    policy = graph.one("aws:ecr/lifecyclePolicy:LifecyclePolicy", "app-cache-retention").inputs
    (rule,) = json.loads(policy["policy"])["rules"]

    assert graph.one(REPOSITORY, "app-cache").inputs == {
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "KMS"}],
        "forceDelete": True,
    }
    assert policy["repository"] == "app-cache-1a2b3c4"
    assert rule["selection"] == {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countNumber": 7,
        "countUnit": "days",
    }


def test_app_is_built_and_pushed_with_a_registry_cache(app: Path) -> None:
    image = _app_image(app, build_args={"NODE_IMAGE": "node"}).one(IMAGE, "app")
    tag = image.inputs["tags"][0]

    assert tag.startswith(f"{REGISTRY}/app-1a2b3c4:")
    assert tag.endswith("-0b0b0b0b")
    content = tag.rpartition(":")[2].removesuffix("-0b0b0b0b")
    assert image.inputs == {
        "context": {"location": f".build/{content}/context"},
        "dockerfile": {"location": f".build/{content}/Dockerfile"},
        "buildArgs": {"NODE_IMAGE": "node"},
        "platforms": ["linux/arm64"],
        "tags": [tag],
        "push": True,
        "buildOnPreview": False,
        "network": "default",
        "cacheFrom": [{"registry": {"ref": CACHE}}],
        "cacheTo": [
            {"registry": {"ref": CACHE, "mode": "max", "imageManifest": True, "ociMediaTypes": True}}
        ],
        "registries": [
            {"address": REGISTRY, "username": "AWS", "password": Secret("a-password-of-twelve-hours")}
        ],
    }


@pytest.mark.parametrize(("architecture", "platform"), [("arm64", "linux/arm64"), ("x86_64", "linux/amd64")])
def test_image_is_built_for_the_architecture_of_the_tasks(
    app: Path, architecture: Architecture, platform: str
) -> None:
    assert _app_image(app, architecture=architecture).one(IMAGE).inputs["platforms"] == [platform]


def test_tag_has_a_random_suffix_for_each_change_of_the_content(app: Path) -> None:
    """An immutable repository would reject the tag of a reverted commit; a second run keeps the suffix."""
    graph = _app_image(app)

    build = graph.one("random:index/randomId:RandomId", "app-build")
    content = graph.one(IMAGE).inputs["tags"][0].rpartition(":")[2].removesuffix("-0b0b0b0b")
    assert build.inputs == {"byteLength": 4, "keepers": {"content": content}}


def test_tag_depends_on_all_inputs_of_the_build(app: Path) -> None:
    variants: list[dict[str, Any]] = [{}, {"architecture": "x86_64"}, {"build_args": {"A": "1"}}]

    tags = {_app_image(app, **changes).one(IMAGE).inputs["tags"][0] for changes in variants}

    assert len(tags) == 3


def test_built_image_is_deployed_by_digest(app: Path) -> None:
    assert _outputs(_app_image(app)) == {
        "reference": f"{REGISTRY}/app-1a2b3c4@{DIGEST}",
        "repository_url": f"{REGISTRY}/app-1a2b3c4",
    }


def test_shared_repository_is_used_and_not_created(app: Path) -> None:
    graph = _app_image(app, repository="shared")

    assert graph.names(REPOSITORY) == ["app-cache"]
    assert graph.one(IMAGE).inputs["tags"][0].startswith(f"{REGISTRY}/shared:")
    assert _outputs(graph)["reference"] == f"{REGISTRY}/shared@{DIGEST}"


def test_image_from_deploys_the_digest_of_the_other_stack(app: Path) -> None:
    """Prod runs exactly the image that was tested in staging."""
    cloud = FakeCloud(
        stacks={"organization/node-on-ecs/staging": {"image": f"{REGISTRY}/shared@{OTHER_DIGEST}"}}
    )

    graph = _app_image(app, cloud=cloud, repository="shared", image_from="staging")

    assert graph.all(IMAGE) == []
    assert graph.all(REPOSITORY) == []
    assert _outputs(graph) == {
        "reference": f"{REGISTRY}/shared@{OTHER_DIGEST}",
        "repository_url": f"{REGISTRY}/shared",
    }
    (call,) = graph.calls("aws:ecr/getImage:getImage")
    assert call.arguments == {"repositoryName": "shared", "imageDigest": OTHER_DIGEST}


def test_image_from_accepts_a_fully_qualified_stack(app: Path) -> None:
    stack = "another-org/node-on-ecs/staging"
    cloud = FakeCloud(stacks={stack: {"image": f"{REGISTRY}/shared@{OTHER_DIGEST}"}})

    graph = _app_image(app, cloud=cloud, repository="shared", image_from=stack)

    assert _outputs(graph)["reference"] == f"{REGISTRY}/shared@{OTHER_DIGEST}"


def test_existing_image_needs_no_repository(app: Path) -> None:
    graph = _app_image(app, image=f"ghcr.io/org/app@{OTHER_DIGEST}")

    assert [r.type for r in graph.resources if r.type.startswith(("aws:", "docker-build:"))] == []
    assert _outputs(graph) == {"reference": f"ghcr.io/org/app@{OTHER_DIGEST}"}


def test_dockerfile_elsewhere_and_build_target_are_used(app: Path, tmp_path: Path) -> None:
    other = tmp_path / "prod.Dockerfile"
    other.write_text("FROM scratch AS prod\n")

    inputs = _app_image(app, dockerfile=str(other), build_target="prod").one(IMAGE).inputs

    assert inputs["target"] == "prod"
    assert Path(inputs["dockerfile"]["location"]).read_text() == "FROM scratch AS prod\n"


def test_build_secrets_are_encrypted_and_their_values_do_not_change_the_tag(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NPM_TOKEN", "hunter2")
    (tmp_path / "npmrc").write_text("//registry/:_authToken=hunter3\n")
    secrets = {"npm": BuildSecret(env="NPM_TOKEN"), "npmrc": BuildSecret(file=str(tmp_path / "npmrc"))}

    def image() -> dict[str, Any]:
        return _app_image(app, build_secrets=secrets).one(IMAGE).inputs

    before = image()
    monkeypatch.setenv("NPM_TOKEN", "hunter4")

    assert before["secrets"] == Secret({"npm": "hunter2", "npmrc": "//registry/:_authToken=hunter3\n"})
    assert before["ignoreSecretsInDiffCalculation"] == ["npm", "npmrc"]
    assert image()["tags"] == before["tags"]
    assert "hunter" not in json.dumps(
        {key: value for key, value in before.items() if key not in ("secrets", "registries")}
    )


def test_missing_build_secrets_fail_an_update_but_not_a_preview(app: Path) -> None:
    secrets = {"npm": BuildSecret(env="NO_SUCH_TOKEN"), "npmrc": BuildSecret(file="~/no/such/file")}

    with pytest.raises(pulumi.RunError) as raised:
        _app_image(app, build_secrets=secrets)

    assert "build-secrets.npm: the variable NO_SUCH_TOKEN is missing" in str(raised.value)
    assert "build-secrets.npmrc: the file ~/no/such/file is missing" in str(raised.value)
    assert _app_image(app, build_secrets=secrets, dry_run=True).one(IMAGE)
