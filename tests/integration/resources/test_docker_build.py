"""The image is built, pushed to the emulator's registry, found again there and taken away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.docker import connect
from local.image_build import Build
from local.resources import docker_build
from local.resources.base import ResourceError
from local.resources.ecr import describe_image
from local.resources.invokes import get_image, get_registry_image
from tests.integration.resources.examples_services import REPOSITORY

if TYPE_CHECKING:
    from tests.integration.resources.example import Made, Workbench

pytestmark = pytest.mark.docker

IMAGE = "docker-build:index:Image"
HANDLER = docker_build.Image()
DOCKERFILE = "ARG NODE_IMAGE=registry.invalid/node:24\nFROM ${NODE_IMAGE}\nCOPY main.js .\n"


@pytest.fixture
def app(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "main.js").write_text(f"// {request.node.name}")
    return tmp_path


@pytest.fixture
def repository(bench: Workbench) -> Made:
    return bench.make(REPOSITORY, {"imageTagMutability": "IMMUTABLE", "forceDelete": True})


def inputs(repository: Made, app: Path, tag: str = "1", **more: Any) -> dict[str, Any]:
    return {
        "push": True,
        "context": {"location": str(app)},
        "tags": [f"{repository.outputs['repositoryUrl']}:{tag}"],
        "platforms": ["linux/arm64"],
        "network": "default",
        **more,
    }


def forbid_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Build, "run", lambda _: pytest.fail("it was built"))


def test_the_registry_has_the_pushed_image(bench: Workbench, repository: Made, app: Path) -> None:
    made = bench.make(IMAGE, inputs(repository, app))

    details = describe_image(bench.cloud, repository.outputs["name"], imageTag="1")
    assert details is not None
    assert made.id == made.outputs["digest"] == details["imageDigest"]
    assert made.outputs["ref"] == f"{made.inputs['tags'][0]}@{made.id}"


def test_a_registry_tag_resolves_to_its_digest(bench: Workbench, repository: Made, app: Path) -> None:
    made = bench.make(IMAGE, inputs(repository, app))

    found = get_registry_image(bench.cloud, {"name": made.inputs["tags"][0]})

    assert found["sha256Digest"] == made.id


def test_a_missing_tag_is_reported(bench: Workbench, repository: Made) -> None:
    name = f"{repository.outputs['repositoryUrl']}:missing"

    with pytest.raises(ResourceError, match="missing"):
        get_registry_image(bench.cloud, {"name": name})


def test_a_refresh_builds_nothing_and_shows_no_difference(
    bench: Workbench, repository: Made, app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench.make(IMAGE, inputs(repository, app))
    forbid_builds(monkeypatch)
    monkeypatch.setattr(docker_build, "connect", lambda: pytest.fail("Docker was asked"))

    outputs = HANDLER.read(bench.cloud, id=made.id, inputs=made.inputs)

    assert outputs == made.outputs
    assert HANDLER.diff(made.inputs, bench.checked(IMAGE, inputs(repository, app))).changed == ()


def test_an_image_that_the_registry_lost_is_read_as_missing(
    bench: Workbench, repository: Made, app: Path
) -> None:
    made = bench.make(IMAGE, inputs(repository, app))
    bench.cloud.client("ecr").batch_delete_image(
        repositoryName=repository.outputs["name"], imageIds=[{"imageTag": "1"}]
    )

    assert HANDLER.read(bench.cloud, id=made.id, inputs=made.inputs) is None


def test_an_image_that_an_interrupted_run_pushed_is_found(
    bench: Workbench, repository: Made, app: Path
) -> None:
    made = bench.make(IMAGE, inputs(repository, app))

    assert HANDLER.find(bench.cloud, urn=made.urn, inputs=made.inputs) == made.id


def test_a_changed_app_gets_another_digest_and_keeps_the_old_tag(
    bench: Workbench, repository: Made, app: Path
) -> None:
    made = bench.make(IMAGE, inputs(repository, app))
    (app / "main.js").write_text("// changed")
    new = bench.checked(IMAGE, inputs(repository, app, tag="2"))

    changed = HANDLER.diff(made.inputs, new).changed
    HANDLER.update(bench.cloud, id=made.id, old=made.outputs, new=new, changed=changed)

    outputs = HANDLER.read(bench.cloud, id=made.id, inputs=new)
    assert outputs is not None
    assert changed == ("contextHash", "tags")
    assert outputs["digest"] != made.outputs["digest"]
    assert get_image(bench.cloud, {"repositoryName": repository.outputs["name"], "imageTag": "1"})[
        "imageDigest"
    ] == (made.id)
    HANDLER.delete(bench.cloud, id=made.id, outputs=outputs)


def test_an_immutable_tag_with_other_contents_is_refused(
    bench: Workbench, repository: Made, app: Path
) -> None:
    made = bench.make(IMAGE, inputs(repository, app))
    (app / "main.js").write_text("// changed")
    new = bench.checked(IMAGE, inputs(repository, app))

    with pytest.raises(ResourceError, match="let the tag change with contextHash"):
        HANDLER.update(bench.cloud, id=made.id, old=made.outputs, new=new, changed=("contextHash",))


def test_another_platform_is_reported_once(bench: Workbench, repository: Made, app: Path) -> None:
    told: list[str] = []
    bench.cloud.report = lambda _, message: told.append(message)

    bench.make(IMAGE, inputs(repository, app, platforms=["linux/s390x"]))

    assert len([line for line in told if "instead of linux/s390x" in line]) == 1


def test_deleting_removes_the_image_from_registry_and_daemon(
    bench: Workbench, repository: Made, app: Path
) -> None:
    made = bench.make(IMAGE, inputs(repository, app))

    HANDLER.delete(bench.cloud, id=made.id, outputs=made.outputs)

    client = connect()
    assert client.images.list(name=made.inputs["tags"][0]) == []
    client.close()
    assert describe_image(bench.cloud, repository.outputs["name"], imageTag="1") is None


def test_a_failed_build_is_reported_with_its_last_lines(
    bench: Workbench, repository: Made, app: Path
) -> None:
    (app / "Dockerfile").write_text(DOCKERFILE + "RUN no-such-command\n")

    with pytest.raises(ResourceError, match="no-such-command"):
        bench.make(IMAGE, inputs(repository, app))
