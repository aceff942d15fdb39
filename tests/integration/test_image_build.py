"""Images are really built, by either builder, on a base made here, and removed again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from local import image_build
from local.base_image import base_image
from local.docker import DockerError, connect
from local.image_build import Build
from local.images import remove_images

pytestmark = pytest.mark.docker

DOCKERFILE = """
ARG NODE_IMAGE=registry.invalid/node:24
FROM ${NODE_IMAGE}
ARG GREETING=hello
ENV GREETING=${GREETING}
WORKDIR /app
COPY . .
RUN --mount=type=cache,target=/cache test -f main.js && mkdir /made && chown node /made
USER node
CMD ["node", "main.js"]
"""


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    client = connect()
    yield client
    client.close()


@pytest.fixture
def prefix(client: docker.DockerClient) -> Iterator[str]:
    """Begin of this test's image names; all images under it are removed."""
    prefix = f"localhost:1/test-{uuid.uuid4().hex[:12]}"
    yield prefix
    remove_images(client, prefix=prefix)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "main.js").write_text("console.log(process.env.GREETING, process.version, process.getuid())")
    (tmp_path / "secret.txt").write_text("not for the image")
    (tmp_path / ".dockerignore").write_text("*.txt\n")
    return tmp_path


@pytest.fixture(params=["buildkit", "classic"])
def builder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "classic":
        monkeypatch.setattr(image_build, "buildkit_client", lambda: None)
    elif image_build.buildkit_client() is None:
        pytest.skip("no docker client here can use BuildKit")
    return str(request.param)


def output(client: docker.DockerClient, image: str, *command: str) -> str:
    return client.containers.run(image, list(command) or None, remove=True, read_only=True).decode().strip()


@pytest.mark.usefixtures("builder")
def test_an_image_is_built_on_a_base_made_here_and_runs(
    client: docker.DockerClient, app: Path, prefix: str
) -> None:
    image = Build(app, tag=f"{prefix}/app:1", build_args={"GREETING": "moin"}, progress=lambda _: None).run()

    assert output(client, image).startswith("moin v24.")
    assert output(client, image).endswith(" 1000")
    assert output(client, image, "ls", "/app") == "Dockerfile\nmain.js"


@pytest.mark.usefixtures("builder")
def test_a_dockerfile_on_nodes_official_image_builds_without_a_registry(
    client: docker.DockerClient, app: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two stages, a version by argument, and a frontend of BuildKit's, as public apps have them."""
    monkeypatch.setattr(image_build, "registry_digest", lambda _: None)
    (app / "Dockerfile").write_text(
        "# syntax=registry.invalid/docker/dockerfile:1\n"
        "ARG NODE_VERSION=0\n"
        "FROM node:${NODE_VERSION}.0.0-alpine AS build\nCOPY . /built\n"
        'FROM node:0.0.0\nCOPY --from=build /built /app\nCMD ["node", "/app/main.js"]\n'
    )

    Build(app, tag=f"{prefix}/app:1", progress=lambda _: None).run()

    assert "v24." in output(client, f"{prefix}/app:1")
    assert output(client, f"{prefix}/app:1", "ls", "/app") == "Dockerfile\nmain.js"


@pytest.mark.usefixtures("builder")
def test_a_dockerfile_outside_the_context_uses_its_own_ignore_file_and_stays_out_of_the_image(
    client: docker.DockerClient, app: Path, prefix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """So the program has what it stages built: otherwise the app's own ignore file would apply a second time."""
    elsewhere = (app / "Dockerfile").rename(tmp_path_factory.mktemp("elsewhere") / "web.Dockerfile")
    elsewhere.with_name("web.Dockerfile.dockerignore").write_text("")

    image = Build(app, tag=f"{prefix}/app:1", dockerfile=elsewhere, progress=lambda _: None).run()

    listed = output(client, image, "ls", "-A", "/app").split()
    assert [name for name in listed if name != ".dockerignore"] == ["main.js", "secret.txt"]


def test_a_build_secret_is_available_to_its_step_and_not_in_the_image(
    client: docker.DockerClient, app: Path, prefix: str
) -> None:
    if image_build.buildkit_client() is None:
        pytest.skip("no docker client here can use BuildKit")
    wants = "RUN --mount=type=secret,id=token read -r token < /run/secrets/token; test ${#token} = 7\n"
    (app / "Dockerfile").write_text(f"{DOCKERFILE}USER root\n{wants}")

    image = Build(app, tag=f"{prefix}/app:1", secrets={"token": "hunter2"}, progress=lambda _: None).run()

    assert "hunter2" not in str(client.api.history(image)) + str(client.api.inspect_image(image))
    assert output(client, image, "ls", "-A", "/run") in {"", "secrets"}


def test_the_classic_builder_rejects_build_secrets(
    app: Path, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_build, "buildkit_client", lambda: None)

    with pytest.raises(DockerError, match="needs BuildKit"):
        Build(app, tag=f"{prefix}/app:1", secrets={"token": "hunter2"}, progress=lambda _: None).run()


@pytest.mark.usefixtures("builder")
def test_the_image_has_the_projects_label_and_its_name(
    client: docker.DockerClient, app: Path, prefix: str
) -> None:
    image = Build(app, tag=f"{prefix}/app:1", progress=lambda _: None).run()

    found = client.images.get(f"{prefix}/app:1")
    assert found.id == image
    assert found.labels == {"node-on-ecs": "image"}


@pytest.mark.usefixtures("builder")
def test_a_step_that_fails_shows_its_last_lines(app: Path, prefix: str) -> None:
    # As the first step: the classic builder would leave what earlier ones made.
    (app / "Dockerfile").write_text(
        "ARG NODE_IMAGE=registry.invalid/node:24\nFROM ${NODE_IMAGE}\nRUN echo the-reason && false\n"
    )

    with pytest.raises(DockerError, match="the-reason"):
        Build(app, tag=f"{prefix}/app:1", progress=lambda _: None).run()


@pytest.mark.usefixtures("builder")
def test_progress_is_reported_line_by_line(app: Path, prefix: str) -> None:
    lines: list[str] = []

    Build(app, tag=f"{prefix}/app:1", progress=lines.append).run()

    assert any("COPY . ." in line for line in lines)


def test_the_base_image_is_built_once(client: docker.DockerClient) -> None:
    first = base_image(client, lambda _: None)
    made = client.images.get(first).id

    assert base_image(client, lambda line: pytest.fail(f"made again: {line}")) == first
    assert client.images.get(first).id == made


def test_removing_deletes_the_projects_images_of_that_name_only(
    client: docker.DockerClient, app: Path, prefix: str
) -> None:
    Build(app, tag=f"{prefix}/mine:1", progress=lambda _: None).run()
    Build(app, tag=f"{prefix}/mine:2", build_args={"GREETING": "x"}, progress=lambda _: None).run()
    foreign = f"{prefix}-foreign/other:1"
    assert client.images.get(f"{prefix}/mine:1").tag(foreign)
    try:
        removed = remove_images(client, prefix=f"{prefix}/")

        assert {f"{prefix}/mine:1", f"{prefix}/mine:2"} <= set(removed)
        assert client.images.get(foreign)
    finally:
        client.images.remove(foreign)
