"""A copy of the project in a folder of its own, run by its own commands as a person would."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from local import ports

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = "dev.example.com"
_STACK_FILES = tuple(f"Pulumi.{stack}.yaml" for stack in ("dev", "staging", "prod"))
_PARTS = ("app", "automation", "infra", "local", "__main__.py", "Pulumi.yaml", *_STACK_FILES)
_UP_SECONDS = 240


@dataclass(frozen=True)
class Answer:
    """What a request got."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> dict[str, Any]:
        """The body, read as JSON."""
        return json.loads(self.text)


@dataclass
class Project:
    """A copy of the project and the ports that its local run has."""

    folder: Path
    emulator_port: int = field(default_factory=ports.any_free)
    front_door_port: int = field(default_factory=ports.any_free)
    environment: dict[str, str] = field(default_factory=dict)
    """Variables that its commands get besides."""
    engine: str = "in-process"
    """Which engine runs the program, whether or not there is a CLI: of ours the tests read the display."""

    @classmethod
    def copy_to(cls, folder: Path) -> Project:
        """Copy what a stack is made of."""
        for part in _PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, folder / part)
        # The Pulumi CLI runs the program with the project's own Python.
        (folder / ".venv").symlink_to(sys.prefix)
        return cls(folder)

    def configure(self, stack: str = "dev", **changes: Any) -> None:
        """Write the stack file that ships, with `changes` (in snake case) in it."""
        document = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())
        for name, value in changes.items():
            document["config"][f"node-on-ecs:{name.replace('_', '-')}"] = value
        (self.folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(document))

    def write(self, stack: str, **settings: Any) -> None:
        """Write a stack file that holds `settings` (in snake case) alone."""
        config = {f"node-on-ecs:{name.replace('_', '-')}": value for name, value in settings.items()}
        (self.folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))

    def write_without_tasks(self, stack: str, **settings: Any) -> None:
        """Write a stack file whose services have no tasks, so that nothing is built and no container runs."""
        image = f"registry.example.com/app@sha256:{'0' * 64}"
        basis = {"domain": f"{stack}.example.com", "nat": "none", "desired_count": 0, "image": image}
        self.write(stack, **{**basis, **settings})

    def restore_app(self) -> None:
        """Put the app back as it ships."""
        shutil.rmtree(self.folder / "app")
        shutil.copytree(ROOT / "app", self.folder / "app")

    @property
    def endpoint(self) -> str:
        """The emulator's."""
        return f"http://{ports.LOOPBACK}:{self.emulator_port}"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin `python -m local` with `arguments`."""
        return self._begin("-m", "local", *arguments)

    def _begin(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={
                **os.environ,
                "LOCAL_ENGINE": self.engine,
                "EMULATOR_PORT": str(self.emulator_port),
                "FRONT_DOOR_PORT": str(self.front_door_port),
                "PYTHONDONTWRITEBYTECODE": "1",
                # A script from elsewhere has to find this copy.
                "PYTHONPATH": str(self.folder),
                **self.environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> Run:
        """Run `python -m local` with `arguments` to its end."""
        return _ended(self.start(*arguments))

    def run_with(self, accident: str, number: int, *arguments: str) -> Run:
        """Run `python -m local` with an accident of `cut_short.py`, again and again where it is killed."""
        script = str(Path(__file__).with_name("cut_short.py"))
        return _ended(self._begin("-P", script, accident, str(number), *arguments))

    def state_file(self, stack: str = "dev") -> Path:
        """Where the state of a stack is."""
        return self.folder / ".local" / "state" / ".pulumi" / "stacks" / "node-on-ecs" / f"{stack}.json"

    def up(self, stack: str = "dev") -> Run:
        """`make up`, which has to work."""
        run = self.run("up", stack)
        assert run.code == 0, run.text
        return run

    def addresses(self) -> dict[str, str]:
        """Where the services answer, as `make status` tells."""
        lines = self.run("status").text.splitlines()
        return {line.split()[0]: line.split()[-1] for line in lines if " tasks " in line}

    def get_url(self, url: str) -> Answer:
        """Ask for an address as it was printed."""
        parts = urlsplit(url)
        return self.get((parts.hostname or "").removesuffix(".localhost"), parts.path or "/")

    def get(self, host: str, path: str = "/") -> Answer:
        """Ask through the front door, as a browser on `http://<host>.localhost` would."""
        connection = HTTPConnection(ports.LOOPBACK, self.front_door_port, timeout=20)
        try:
            headers = {"Host": f"{host}.localhost:{self.front_door_port}", "Accept": "application/json"}
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read().decode())
        finally:
            connection.close()


@contextmanager
def taken_down(project: Project) -> Generator[Project]:
    """Take everything away again, which has to work."""
    try:
        yield project
    finally:
        down = project.run("down")
    assert down.code == 0, down.text


@dataclass(frozen=True)
class Run:
    """How a command ended and what it printed."""

    code: int
    text: str

    @property
    def kills(self) -> int:
        """How often an accident killed it."""
        return int(self.text.rsplit("killed ", 1)[1].split()[0])

    @property
    def changed(self) -> set[str]:
        """The logical names of what was created, updated, replaced or deleted."""
        pattern = r"^ . (\S+) (\S+) (?:created|updated|replaced|deleted) \("
        return {
            f"{kind.rsplit(':', 1)[-1]} {name}" for kind, name in re.findall(pattern, self.text, re.MULTILINE)
        }


def _ended(process: subprocess.Popen[str]) -> Run:
    try:
        text, _ = process.communicate(timeout=_UP_SECONDS)
    except BaseException:
        process.kill()
        raise
    return Run(process.returncode, text)
