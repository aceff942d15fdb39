"""Images are built, pushed to the emulator's registry, found and deleted."""

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


def test_a_pushed_image_is_in_the_registry_found_and_unchanged(
    bench: Workbench, repository: Made, app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress: list[str] = []
    bench.cloud.report = lambda _, message: progress.append(message)
    made = bench.make(IMAGE, inputs(repository, app, platforms=["linux/s390x"]))

    details = describe_image(bench.cloud, repository.outputs["name"], imageTag="1")
    assert details is not None
    assert made.id == made.outputs["digest"] == details["imageDigest"]
    assert made.outputs["ref"] == f"{made.inputs['tags'][0]}@{made.id}"
    assert get_registry_image(bench.cloud, {"name": made.inputs["tags"][0]})["sha256Digest"] == made.id
    assert HANDLER.find(bench.cloud, urn=made.urn, inputs=made.inputs) == made.id
    assert len([line for line in progress if "instead of linux/s390x" in line]) == 1

    monkeypatch.setattr(Build, "run", lambda _: pytest.fail("it was built"))
    monkeypatch.setattr(docker_build, "connect", lambda: pytest.fail("Docker was called"))
    outputs = HANDLER.read(bench.cloud, id=made.id, inputs=made.inputs)
    assert outputs == made.outputs
    again = bench.checked(IMAGE, inputs(repository, app, platforms=["linux/s390x"]))
    assert HANDLER.diff(made.inputs, again).changed == ()
    monkeypatch.undo()


def test_a_missing_tag_is_reported(bench: Workbench, repository: Made) -> None:
    name = f"{repository.outputs['repositoryUrl']}:missing"

    with pytest.raises(ResourceError, match="missing"):
        get_registry_image(bench.cloud, {"name": name})


def test_an_image_that_the_registry_lost_is_read_as_missing(
    bench: Workbench, repository: Made, app: Path
) -> None:
    made = bench.make(IMAGE, inputs(repository, app))
    bench.cloud.client("ecr").batch_delete_image(
        repositoryName=repository.outputs["name"], imageIds=[{"imageTag": "1"}]
    )

    assert HANDLER.read(bench.cloud, id=made.id, inputs=made.inputs) is None


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

    with pytest.raises(ResourceError, match="change the tag together with contextHash"):
        HANDLER.update(bench.cloud, id=made.id, old=made.outputs, new=new, changed=("contextHash",))


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
