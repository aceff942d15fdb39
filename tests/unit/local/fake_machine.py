"""A machine without network, whose `pulumi` and `go` are scripts that record their calls."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from ast import literal_eval
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[3]
SECONDS: Final = 60.0
"""How long a test waits for a program before it fails."""
_GO: Final = """
command = sys.argv[1]
caches = [os.environ[name] for name in ("GOPATH", "GOMODCACHE", "GOCACHE", "TMPDIR")]
for cache in caches:
    os.makedirs(cache, exist_ok=True)
    open(os.path.join(cache, "something"), "w").close()
if command == "version":
    print("go version go{version} linux/amd64")
elif command == "list":
    print("go: downloading example.com/a v1.0.0", file=sys.stderr)
    print("unsafe\\nexample.com/a\\n" + sys.argv[-1])
else:
    output = sys.argv[sys.argv.index("-o") + 1]
    os.makedirs(os.path.dirname(output), exist_ok=True)
    print("example.com/a\\n" + sys.argv[-1], flush=True)
    {building}
    with open(output, "w") as file:
        file.write("#!/bin/sh\\necho {builds}\\n")
    os.chmod(output, 0o755)
"""


@dataclass(frozen=True)
class Machine:
    """A home, a PATH with only fakes, and proxies that refuse every connection."""

    folder: Path

    @classmethod
    def entered(cls, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
        """Set this process's environment to the machine's."""
        for name in os.environ:
            if name.lower().endswith("_proxy") or name.startswith(("PIP_", "GO", "XDG_")):
                monkeypatch.delenv(name)
        machine = cls(folder)
        for name, value in machine.environment.items():
            monkeypatch.setenv(name, value)
        return machine

    @property
    def path(self) -> Path:
        """The only folder on PATH."""
        return self.folder / "bin"

    @property
    def cache(self) -> Path:
        return self.folder / "cache" / "node-on-ecs" / "pulumi"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": str(self.path),
            "HOME": str(self.folder / "home"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "https_proxy": "http://127.0.0.1:1",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
        }

    def command(self, path: Path, body: str) -> Path:
        """Create a Python command that first records its call."""
        log = f"""
            import os, sys, time
            with open({str(self.folder / "calls")!r}, "a") as file:
                print((os.path.basename(sys.argv[0]), sys.argv[1:], dict(os.environ)), file=file)
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!{sys.executable} -IS\n{dedent(log)}\n{body}\n")
        path.chmod(0o755)
        return path

    def pulumi(self, says: str, *, folder: Path | None = None) -> Path:
        """Create a `pulumi` on PATH, or in another folder, that prints this version."""
        return self.command((folder or self.path) / "pulumi", f"print({says!r})")

    def go(self, *, version: str = "1.26.8", builds: str, building: str = "pass") -> Path:
        """Create a `go` on PATH that runs `building` and then builds a `pulumi` of a version."""
        return self.command(
            self.path / "go", _GO.format(version=version, builds=builds, building=dedent(building).strip())
        )

    def calls(self, program: str) -> list[tuple[list[str], dict[str, str]]]:
        """Return arguments and environment of each call of `program`."""
        log = self.folder / "calls"
        calls: list[Any] = (
            [literal_eval(line) for line in log.read_text().splitlines()] if log.exists() else []
        )
        return [(arguments, environment) for name, arguments, environment in calls if name == program]

    def start(self) -> subprocess.Popen[str]:
        """Start what `make cli` runs."""
        return subprocess.Popen(
            [sys.executable, "-m", "automation", "pulumi-cli"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


class Witness:
    """Observes that a program reaches a point in its code, and later that it has exited."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.code: Final = f"kept = open({str(path)!r}, 'w'); kept.write('x'); kept.flush()"
        """Code for the program to run at this point; it must not close the file."""
        # Without O_NONBLOCK, opening would wait for the program.
        self._pipe: Final = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def appears(self) -> None:
        """Wait until the program has reached the point."""
        assert self._read() == b"x"

    def ends(self) -> None:
        """Wait until the program and its children have exited, which ends the file."""
        assert self._read() == b""
        os.close(self._pipe)

    def _read(self) -> bytes:
        ready, _, _ = select.select([self._pipe], [], [], SECONDS)
        assert ready, f"nothing happened within {SECONDS:g} s"
        return os.read(self._pipe, 1)
