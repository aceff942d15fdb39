"""The first command on a new machine, before anything is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local import bootstrap


def test_the_lock_is_split_into_complete_entries() -> None:
    lock = bootstrap.LOCK.read_text()
    entries = bootstrap.packages(lock)

    assert {"pulumi", "uv", "pytest"} <= entries.keys()
    assert entries["uv"].startswith("uv==")
    assert "--hash=sha256:" in entries["uv"]
    assert "".join(entries.values()) == lock.partition("make lock\n")[2]


@pytest.mark.parametrize(
    ("listed", "variables"),
    [
        ("", {}),
        ("global.index-url='https://packages.example/simple'", {"UV_DEFAULT_INDEX": "https://packages.example/simple"}),
        ("global.extra-index-url='https://a.example\\nhttps://b.example'", {"UV_INDEX": "https://a.example https://b.example"}),
        ("global.find-links='/wheels /more'\nglobal.no-index='true'", {"UV_FIND_LINKS": "/wheels,/more", "UV_NO_INDEX": "true"}),
        ("global.cert='/ca.pem'\nglobal.trusted-host='a.example'", {"SSL_CERT_FILE": "/ca.pem", "UV_INSECURE_HOST": "a.example"}),
        (":env:.index-url='https://env.example'\nglobal.index-url='https://file.example'", {"UV_DEFAULT_INDEX": "https://env.example"}),
        ("global.index-url='https://file.example'\ninstall.index-url='https://install.example'", {"UV_DEFAULT_INDEX": "https://install.example"}),
        ("download.constraint='/c.txt'\nglobal.disable-pip-version-check='1'", {}),
    ],
)  # fmt: skip
def test_uv_gets_pips_settings(listed: str, variables: dict[str, str]) -> None:
    """The user's index may be the only reachable one, and uv does not read pip's settings."""
    assert bootstrap.uv_settings(listed) == variables


@pytest.mark.parametrize("setting", ["global.constraint='/c.txt'", ":env:.keyring-provider='subprocess'"])
def test_a_setting_without_counterpart_in_uv_means_that_pip_installs(setting: str) -> None:
    assert bootstrap.uv_settings(setting) is None


def test_an_old_python_is_an_error_of_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _name: None)

    with pytest.raises(SystemExit, match=r"^Python 3\.9 is too old: install Python 3\.11 or later$"):
        bootstrap.main()


def test_an_old_python_is_replaced_by_a_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []

    def execv(path: str, arguments: list[str]) -> None:
        started.append((path, arguments))
        raise SystemExit(0)

    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(sys, "argv", ["local/bootstrap.py"])
    monkeypatch.setattr(bootstrap.shutil, "which", {"python3.12": "/usr/bin/python3.12"}.get)
    monkeypatch.setattr(bootstrap.os, "execv", execv)

    with pytest.raises(SystemExit):
        bootstrap.main()

    assert started == [("/usr/bin/python3.12", ["/usr/bin/python3.12", "local/bootstrap.py"])]


def lacks_venv(monkeypatch: pytest.MonkeyPatch, *, debian: bool, root: bool) -> list[list[str]]:
    """Simulate a machine whose Python has no ensurepip; return the list of its commands."""
    commands: list[list[str]] = []

    def run(command: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        updated = any("update" in earlier for earlier in commands)
        return subprocess.CompletedProcess(command, 0 if updated else 100, stdout="")

    monkeypatch.setattr(bootstrap, "find_spec", lambda _name: None)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0 if root else 1000)
    monkeypatch.setattr(Path, "exists", lambda _path: debian)
    monkeypatch.setattr(bootstrap.subprocess, "run", run)
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115, PTH123 -- no terminal
    return commands


@pytest.mark.parametrize(("debian", "root"), [(True, False), (False, True)])
def test_without_rights_the_missing_package_is_an_error_of_one_sentence(
    monkeypatch: pytest.MonkeyPatch, *, debian: bool, root: bool
) -> None:
    commands = lacks_venv(monkeypatch, debian=debian, root=root)

    with pytest.raises(
        SystemExit, match=r"Python lacks its venv module: install it .*apt install python3\.\d+-venv"
    ):
        bootstrap.ensure_ensurepip()

    assert commands == []


def test_root_on_debian_gets_the_package_installed_after_an_update(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = lacks_venv(monkeypatch, debian=True, root=True)

    bootstrap.ensure_ensurepip()

    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    assert f"installing the Debian package {package}" in capsys.readouterr().out
    assert [command[-1] for command in commands] == [package, "update", package]


def disk(monkeypatch: pytest.MonkeyPatch, megabytes: int) -> None:
    monkeypatch.setattr(
        bootstrap.shutil, "disk_usage", lambda _folder: SimpleNamespace(free=megabytes * 2**20)
    )


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout without .venv, in which no command may run."""
    (tmp_path / "lock.txt").write_text("uv==1 --hash=sha256:0\n")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "LOCK", tmp_path / "lock.txt")
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "ensure_ensurepip", lambda: None)
    monkeypatch.setattr(bootstrap, "quietly", lambda command: pytest.fail(f"ran {command}"))
    return tmp_path


def test_a_full_disk_is_an_error_before_anything_is_created(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk(monkeypatch, 300)

    with pytest.raises(SystemExit) as error:
        bootstrap.main()

    assert str(error.value) == (
        f"\nThe disk of {fresh} is full, with 300 MB free: {fresh}/.venv needs about 700 MB. "
        "Free some space and try again"
    )
    assert not (fresh / ".venv").exists()


def test_a_command_that_fails_on_a_full_disk_names_the_room_that_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    disk(monkeypatch, 0)

    with pytest.raises(SystemExit, match=r"with 0 MB free: .* needs about 700 MB"):
        bootstrap.quietly([sys.executable, "-c", "raise SystemExit(3)"])


def test_the_lock_is_held_before_the_installation_is_checked(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two commands may run in a new checkout, such as `make up` for two stacks."""
    events: list[str] = []
    monkeypatch.setattr(bootstrap.fcntl, "flock", lambda *_: events.append("locked"))

    def installed() -> bool:
        events.append("checked")
        return True

    monkeypatch.setattr(bootstrap, "installed", installed)

    bootstrap.main()

    assert events == ["locked", "checked"]


def test_a_command_that_fails_shows_its_output() -> None:
    with pytest.raises(SystemExit, match=r"(?s)reason.*failed with exit code 3"):
        bootstrap.quietly([sys.executable, "-c", "print('reason'); raise SystemExit(3)"])


def test_a_virtual_environment_without_its_python_is_broken(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(tmp_path / "missing")

    assert not bootstrap.works(tmp_path)
