"""Tools are installed from the index of the project's packages."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from local import tool_packages
from local.tool_packages import NotInstalledError, install


class Installers:
    """uv and pip, which install nothing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, uv: int, pip: int, settings: bool = True) -> None:
        self.codes = {"uv": uv, "pip": pip}
        self.called: list[str] = []
        self.environments: list[dict[str, str] | None] = []
        environment = {"UV_SYSTEM_CERTS": "1"} if settings else None
        monkeypatch.setattr(tool_packages, "uv_environment", lambda _: environment)
        monkeypatch.setattr(tool_packages.subprocess, "run", self._run)

    def _run(self, command: list[str], *, env: dict[str, str] | None = None, **_: Any) -> Any:
        name = "uv" if command[0].endswith("/uv") else "pip"
        self.called.append(name)
        self.environments.append(env)
        assert "--require-hashes" in command
        return subprocess.CompletedProcess(command, self.codes[name], "", f"{name} says no\n")


@pytest.mark.parametrize(
    ("uv_code", "settings", "called"),
    [(0, True, ["uv"]), (1, True, ["uv", "pip"]), (0, False, ["pip"])],
    ids=["uv installs", "pip installs if uv fails", "pip installs if uv lacks one of its settings"],
)
def test_packages_are_installed_by_uv_or_else_by_pip(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, uv_code: int, settings: bool, called: list[str]
) -> None:
    installers = Installers(monkeypatch, uv=uv_code, pip=0, settings=settings)

    install(tmp_path / "tool", tmp_path / "lock.txt")

    assert installers.called == called
    assert installers.environments[0] == ({"UV_SYSTEM_CERTS": "1"} if settings else None)


def test_if_both_fail_pips_output_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Installers(monkeypatch, uv=1, pip=1)

    with pytest.raises(NotInstalledError, match=r"^pip says no$"):
        install(tmp_path / "tool", tmp_path / "lock.txt")
