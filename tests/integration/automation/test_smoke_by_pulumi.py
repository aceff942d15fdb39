"""The way that `aws-smoke` takes in an account, with Pulumi's own CLI and the emulator in the account's place."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from automation.smoke.driven import Driven
from automation.smoke.steps import Smoke
from automation.stack_files import Derived
from automation.stacks.account import AccountStacks
from local.emulator import Emulator
from local.engine.deployment import Target
from local.isolation import isolate, point_at
from local.pulumi_cli import PulumiCli
from tests.integration.project import Project

pytestmark = [pytest.mark.docker, pytest.mark.pulumi]

PROJECT, STACK, PASSPHRASE = "node-on-ecs", "smoke", "a passphrase"


@dataclass(kw_only=True)
class ThroughTheEmulator(AccountStacks):
    """The account's stacks, whose load balancers no resolver knows."""

    emulator: str = ""

    def address(self, url: str) -> str:
        name = (urlsplit(url).hostname or "").partition(".")[0].rpartition("-")[0]
        return f"{self.emulator}/_alb/{name}/"


@pytest.fixture
def stacks(tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> ThroughTheEmulator:
    for name, value in _environment_of_this_process(emulator).items():
        monkeypatch.setenv(name, value)
    project = Project.copy_to(tmp_path)
    target = Target(
        project=PROJECT,
        stack=STACK,
        root=project.folder,
        backend=tmp_path / "state",
        endpoint=emulator.endpoint,
        passphrase=PASSPHRASE,
    )
    target.backend.mkdir()
    program = shutil.which("pulumi")
    assert program is not None
    cli = PulumiCli.of(program, target, region="us-east-1", folder=tmp_path / "cli", lock=None)
    cli.folder.mkdir()
    cli._write_plugins()
    environment = {**cli._environment(), "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true"}
    monkeypatch.setenv("PATH", environment["PATH"])
    return ThroughTheEmulator(
        root=project.folder, environment=environment, show=lambda _: None, emulator=emulator.endpoint
    )


def _environment_of_this_process(emulator: Emulator) -> dict[str, str]:
    environment: dict[str, str] = {}
    isolate(environment)
    point_at(emulator.endpoint, emulator.region, environment)
    return environment


def test_a_stacks_whole_life_by_pulumis_cli(stacks: ThroughTheEmulator) -> None:
    said: list[str] = []
    file = Derived(root=stacks.root, project=PROJECT, stack=STACK, base="dev")
    smoke = Smoke(
        stage=Driven(stacks, stacks.settings("dev")),
        file=file,
        region=None,
        tags={"Project": PROJECT, "Stack": STACK},
        families=[f"{PROJECT}-{STACK}-web"],
        say=said.append,
    )

    failures = smoke.run(keep=False)

    assert failures == [], said
    assert list(stacks.known()) == []
    assert not file.path.exists()
