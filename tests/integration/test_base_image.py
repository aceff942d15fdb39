"""The base image that is made here, where a Dockerfile uses npm as on the official one."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from local.base_image import base_image
from local.docker import connect
from local.image_build import Build

pytestmark = pytest.mark.docker

DOCKERFILE = """
ARG NODE_IMAGE
FROM ${NODE_IMAGE}
WORKDIR /app
COPY . .
RUN npm ci && npx --version
USER node
CMD ["npm", "start", "--silent"]
"""


def test_npm_installs_packages_and_starts_the_app(tmp_path: Path) -> None:
    """Of a package in the app's own folder, so that no registry is needed."""
    package = {
        "name": "app",
        "version": "1.0.0",
        "scripts": {"start": "node -e \"console.log(require('greeting'))\""},
        "dependencies": {"greeting": "file:greeting"},
    }
    packages = {
        "": {name: value for name, value in package.items() if name != "scripts"},
        "greeting": {"version": "1.0.0"},
        "node_modules/greeting": {"resolved": "greeting", "link": True},
    }
    lock = {"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": packages}
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "package.json").write_text(json.dumps(package))
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    (tmp_path / "greeting").mkdir()
    (tmp_path / "greeting" / "package.json").write_text('{"name": "greeting", "version": "1.0.0"}')
    (tmp_path / "greeting" / "index.js").write_text("module.exports = 'hello'")
    client = connect()
    tag = f"base-image-test:{uuid.uuid4().hex[:12]}"
    try:
        Build(tmp_path, tag=tag, build_args={"NODE_IMAGE": base_image(client)}).run()

        assert client.containers.run(tag, remove=True, read_only=True).decode().strip() == "hello"
    finally:
        client.images.remove(tag, force=True)
        client.close()


def test_yarn_fetched_during_the_build_works_for_the_apps_user(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "ARG NODE_IMAGE\nFROM ${NODE_IMAGE}\nRUN yarn --version\nUSER node\n"
    )
    client = connect()
    tag = f"base-image-test:{uuid.uuid4().hex[:12]}"
    try:
        Build(tmp_path, tag=tag, build_args={"NODE_IMAGE": base_image(client)}).run()

        version = client.containers.run(
            tag, ["yarn", "--version"], remove=True, read_only=True, network_mode="none"
        )

        assert version.decode().startswith("1.")
    finally:
        client.images.remove(tag, force=True)
        client.close()


@pytest.fixture(scope="module")
def users() -> str:
    """What a base's files of users and groups say after commands as Dockerfiles have them."""
    commands = (
        "addgroup --system --gid 1001 nodejs",
        "adduser --system --uid 1001 nextjs",
        "addgroup -g 1002 -S app",
        "adduser -S app -u 1002 -G app",
        "adduser --disabled-password --gecos '' --uid 1003 --home /srv joe",
        "adduser joe app",
        "useradd -m -u 1004 jane",
    )
    client = connect()
    try:
        shell = ["sh", "-ec", "; ".join([*commands, "cat /etc/passwd /etc/group"])]
        return client.containers.run(base_image(client), shell, remove=True).decode()
    finally:
        client.close()


@pytest.mark.parametrize(
    "line",
    [
        "nodejs:x:1001:",
        "nextjs:!:1001:65534:",
        "app:x:1002:joe",
        "app:!:1002:1002:",
        "joe:!:1003:1003::/srv:",
        "joe:x:1003:",
        "jane:!:1004:1004:",
    ],
)
def test_users_can_be_added_with_the_commands_of_debian_and_of_alpine(users: str, line: str) -> None:
    assert [entry for entry in users.splitlines() if entry.startswith(line)]
