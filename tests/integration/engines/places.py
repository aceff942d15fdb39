"""A small project with toys, run by either engine in a place of its own."""

from __future__ import annotations

import contextlib
import io
import runpy
import shutil
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.engine import project, state
from local.engine.deployment import Target
from local.engine.errors import EngineError
from local.plugin import Provider, serve
from local.pulumi_cli import PulumiCli
from tests.integration.engines.same_state import read
from tests.unit.local.engine.toys import Stage

ROOT = Path(__file__).resolve().parents[3]
PASSPHRASE = "a passphrase"
_PREAMBLE = """
import pulumi
from tests.unit.local.engine.toys import PairResource, ThingProvider, ThingResource
"""


@dataclass(frozen=True)
class Outcome:
    """How a run ended and what it told."""

    failed: bool
    text: str


@dataclass
class Place:
    """A project folder, the states below it, and the world that its resources live in."""

    folder: Path
    stack: str = "test"
    stage: Stage = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.stage = Stage(self.folder, self.stack)
        self.stage.world.things["thing-of-others"] = {"label": "found", "name": "found-by-name", "urn": ""}
        runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}}
        self._write("Pulumi.yaml", {"name": "toys", "runtime": runtime})
        self.configure({"toys:colour": "red"})

    def configure(self, config: dict[str, Any]) -> None:
        """Write the stack's configuration."""
        self._write(f"Pulumi.{self.stack}.yaml", {"config": config})

    def _write(self, name: str, document: dict[str, Any]) -> None:
        (self.folder / name).write_text(yaml.safe_dump(document))

    @property
    def target(self) -> Target:
        return self.stage.target

    @property
    def document(self) -> dict[str, Any]:
        """The state file."""
        return read(self.target.state_path)

    @property
    def checkpoint(self) -> state.Checkpoint:
        return state.load(self.target.state_path, "toys", self.stack, PASSPHRASE)

    def program(self, text: str) -> Place:
        """Let the program be this."""
        (self.folder / "__main__.py").write_text(_PREAMBLE + text)
        return self

    def calls(self) -> list[str]:
        """What was asked of the world since the last time, in no order."""
        calls, self.stage.world.calls = sorted(self.stage.world.calls), []
        return calls

    def forget(self, name: str) -> None:
        """Make the state that of a run that was killed while it made this."""
        checkpoint = self.checkpoint
        (made,) = [resource for resource in checkpoint.resources if resource.name == name]
        checkpoint.resources.remove(made)
        checkpoint.pending.append(state.Pending("creating", replace(made, id="", outputs={})))
        state.write(self.target.state_path, state.encode(checkpoint))
        self.target.marker_path.write_text("1\n")

    def labels(self) -> list[str]:
        """What is in the world, in no order."""
        return sorted(thing["label"] for thing in self.stage.world.things.values())


def in_process(place: Place, command: str = "up", *, unprotect: bool = False) -> Outcome:
    """Run the engine of `local.engine`."""
    stage = place.stage
    config = project.load(place.folder, place.stack, PASSPHRASE)

    def program() -> None:
        runpy.run_path(str(place.folder / "__main__.py"), run_name="__main__")

    stage.logs.clear()
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors), contextlib.chdir(place.folder):
            deployment = stage.deployment(dry_run=command == "preview")
            if command == "destroy":
                deployment.destroy(unprotect=unprotect)
            else:
                deployment.up(program, config.values, config.secret_keys)
    except Exception as error:  # noqa: BLE001 -- whatever the program raises is an outcome
        messages = [event.message for event in stage.events if event.message]
        return Outcome(True, "\n".join([str(error), *messages, *stage.logs, errors.getvalue()]))
    return Outcome(False, "\n".join(stage.logs))


def cli(place: Place, command: str = "up", *, unprotect: bool = False) -> Outcome:
    """Run the Pulumi CLI, with the toys served from this process."""
    recovering = place.target.marker_path.exists() or (
        place.target.state_path.exists() and bool(place.checkpoint.pending)
    )
    known = [(r.type, r.id) for r in place.checkpoint.resources] if recovering else None
    provider = Provider("toy", catalogue=place.stage.catalogue, endpoint=place.target.endpoint, known=known)
    server, port = serve(provider)
    program = shutil.which("pulumi")
    assert program is not None
    with tempfile.TemporaryFile("w+") as told, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        pulumi = PulumiCli(
            program,
            place.target,
            region="us-east-1",
            folder=place.folder / "cli",
            plugins={"toy": f"echo {port}\nexec sleep 600"},
            output=told.fileno(),
        )
        error: EngineError | None = None
        try:
            match command:
                case "destroy":
                    pulumi.destroy(unprotect=unprotect)
                case "preview":
                    pulumi.preview()
                case _:
                    pulumi.up()
        except EngineError as raised:
            error = raised
        finally:
            server.stop(None)
        told.seek(0)
        return Outcome(error is not None, f"{told.read()}{error or ''}")
