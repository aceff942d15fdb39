"""A copy of the project in a folder of its own, driven by its own commands as a user would."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from local import ports
from tests.integration.loaded_process import Command, LoadedProcess
from tests.integration.unused_ports import unused_port

ROOT: Final = Path(__file__).resolve().parents[2]
DOMAIN: Final = "dev.example.com"
NO_IMAGE: Final = f"registry.example.com/app@sha256:{'0' * 64}"
"""For stacks without tasks: nothing asks for it."""
SHIPPED: Final = ("dev", "staging", "prod")
_STACK_FILES: Final = tuple(f"Pulumi.{stack}.yaml" for stack in SHIPPED)
_PARTS: Final = (
    "app",
    "automation",
    "infra",
    "local",
    "policies",
    "__main__.py",
    "Pulumi.yaml",
    *_STACK_FILES,
)
_COMMAND_SECONDS: Final = 240


@dataclass(frozen=True)
class Answer:
    """The answer to a request."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> dict[str, Any]:
        """The body, read as JSON."""
        return json.loads(self.text)


@dataclass(frozen=True)
class Run:
    """How a command ended, and what it printed where."""

    code: int
    out: str
    err: str
    changed: set[str] = field(default_factory=set[str])
    """Of an `up`: type and logical name of what was created, updated, replaced or deleted, as the state tells."""

    @property
    def text(self) -> str:
        """All that it printed."""
        return self.out + self.err

    @property
    def kills(self) -> int:
        """How often an accident killed it."""
        return int(self.out.rsplit("killed ", 1)[1].split()[0])

    @property
    def json(self) -> Any:
        """What it printed for programs."""
        return json.loads(self.out)


@dataclass
class Project:
    """A copy of the project and the ports that its local run has."""

    folder: Path
    emulator_port: int = field(default_factory=unused_port)
    front_door_port: int = field(default_factory=unused_port)
    environment: dict[str, str] = field(default_factory=dict)
    """Variables that its commands get besides."""
    _settled: dict[str, str] = field(default_factory=dict)
    """By stack: what its last update was made of, if it succeeded."""
    _loaded: LoadedProcess | None = None

    @classmethod
    def copy_to(cls, folder: Path) -> Project:
        """Copy what a stack is made of, with the bytecode that is there."""
        for part in _PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            copy(ROOT / part, folder / part)
        return cls(folder)

    # Its files

    def configure(self, stack: str = "dev", *, like: str = "", **changes: Any) -> None:
        """Write the stack file that ships (that of the stack `like`), with `changes` (in snake case) in it."""
        shipped = yaml.safe_load((ROOT / f"Pulumi.{like or stack}.yaml").read_text())
        self._write(stack, shipped["config"] | _keys(changes))

    def write(self, stack: str, **settings: Any) -> None:
        """Write a stack file that holds `settings` (in snake case) alone."""
        self._write(stack, _keys(settings))

    def write_without_tasks(self, stack: str, **settings: Any) -> None:
        """Write a stack file whose services have no tasks, so that nothing is built and no container runs."""
        basis = {"domain": f"{stack}.example.com", "nat": "none", "desired_count": 0, "image": NO_IMAGE}
        self.write(stack, **{**basis, **settings})

    def _write(self, stack: str, config: dict[str, Any]) -> None:
        (self.folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))

    def write_app(self, name: str, text: str) -> None:
        """Write a file of the app."""
        (self.folder / "app" / name).write_text(text)

    def change_app(self, mark: str) -> None:
        """Make another good version of the app as it ships."""
        self.restore_app()
        page = self.folder / "app" / "src" / "page.css"
        page.write_text(f"{page.read_text()}/* {mark} */\n")

    def restore_app(self) -> None:
        """Put the app back as it ships."""
        shutil.rmtree(self.folder / "app")
        shutil.copytree(ROOT / "app", self.folder / "app")

    # Its commands

    def begin(self, *arguments: str) -> Command:
        """Begin `python -m automation --local` with `arguments`; a test that waits for its output cannot hang."""
        process = self._begin("automation", "--local", *arguments)
        timer = threading.Timer(_COMMAND_SECONDS, process.terminate)
        timer.daemon = True
        timer.start()
        return process

    def run(self, *arguments: str) -> Run:
        """Run `python -m automation --local` with `arguments` to its end."""
        return self._ended(self._begin("automation", "--local", *arguments))

    def run_with(self, accident: str, number: int, *arguments: str) -> Run:
        """Run `python -m automation --local` with an accident of `accidents.py`."""
        script = str(Path(__file__).with_name("accidents.py"))
        return self._ended(self._begin(script, accident, str(number), *arguments))

    def try_up(self, stack: str = "dev") -> Run:
        """`make up`, which may fail."""
        before, inputs = self._marks(stack), self._inputs(stack)
        self._settled.pop(stack, None)
        run = self.run("up", stack)
        if run.code == 0:
            self._settled[stack] = inputs
        after = self._marks(stack)
        changed = {urn for urn in before.keys() | after.keys() if before.get(urn) != after.get(urn)}
        return replace(run, changed={_shown(urn) for urn in changed})

    def up(self, stack: str = "dev") -> Run:
        """`make up`, which has to work."""
        run = self.try_up(stack)
        assert run.code == 0, run.text
        return run

    def settle(self, stack: str = "dev") -> None:
        """Bring a stack to what its files say, unless its last update did so."""
        if self._settled.get(stack) != self._inputs(stack):
            self.up(stack)

    def done(self, *arguments: str) -> Run:
        """Run a command that has to work."""
        run = self.run(*arguments)
        assert run.code == 0, run.text
        return run

    def _begin(self, script: str, *arguments: str) -> Command:
        if self._loaded is None:
            self._loaded = LoadedProcess(self.folder)
        return self._loaded.begin(
            script,
            arguments,
            {
                **os.environ,
                "EMULATOR_PORT": str(self.emulator_port),
                "FRONT_DOOR_PORT": str(self.front_door_port),
                # Nothing may use it.
                "AWS_PROFILE": "somebody-else",
                **self.environment,
            },
        )

    def _ended(self, process: Command) -> Run:
        try:
            out, err = process.communicate(timeout=_COMMAND_SECONDS)
        except BaseException:
            # SIGTERM, so that it stops its children too.
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
            raise
        return Run(process.wait(), out, err)

    def _inputs(self, stack: str) -> str:
        digest = hashlib.sha256((self.folder / f"Pulumi.{stack}.yaml").read_bytes())
        for path in sorted((self.folder / "app").rglob("*")):
            if path.is_file():
                digest.update(str(path).encode() + path.read_bytes())
        return digest.hexdigest()

    # What it made

    @property
    def endpoint(self) -> str:
        """The emulator's."""
        return f"http://{ports.LOOPBACK}:{self.emulator_port}"

    def state_file(self, stack: str = "dev") -> Path:
        """Where the state of a stack is."""
        return self.folder / ".local" / "state" / ".pulumi" / "stacks" / "node-on-ecs" / f"{stack}.json"

    def resources(self, stack: str = "dev") -> list[dict[str, Any]]:
        """Return what the state of a stack holds."""
        latest = json.loads(self.state_file(stack).read_text())["checkpoint"]["latest"]
        return (latest or {}).get("resources") or []

    def resource(self, kind: str, name: str, stack: str = "dev") -> dict[str, Any]:
        """Return one resource of the state, by its type in full and its logical name."""
        (found,) = (
            one
            for one in self.resources(stack)
            if one["type"] == kind and one["urn"].endswith(f"::{name}") and not one.get("delete")
        )
        return found

    def outputs(self, stack: str = "dev") -> dict[str, Any]:
        """Return a stack's outputs."""
        return next(r["outputs"] for r in self.resources(stack) if r["type"] == "pulumi:pulumi:Stack")

    def _marks(self, stack: str) -> dict[str, tuple[Any, ...]]:
        """By URN: what the engine changes of a resource whenever it changes that."""
        if not self.state_file(stack).exists():
            return {}
        return {
            resource["urn"]: (resource["id"], resource.get("created"), resource.get("modified"))
            for resource in self.resources(stack)
            if resource.get("custom") and not resource["type"].startswith("pulumi:")
        }

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
    """Delete everything again, which has to work."""
    try:
        yield project
    finally:
        down = project.run("down")
    assert down.code == 0, down.text
    assert not (project.folder / ".local").exists()


def _keys(settings: dict[str, Any]) -> dict[str, Any]:
    return {f"node-on-ecs:{name.replace('_', '-')}": value for name, value in settings.items()}


def _shown(urn: str) -> str:
    kind, name = urn.split("::")[-2:]
    return f"{kind.rpartition(':')[2]} {name}"
