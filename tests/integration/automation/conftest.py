"""Stacks in an account, by the real Pulumi CLI: a backend of files, and a provider of toys in AWS's place."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from automation.stacks.cli import Cli
from automation.stacks.lock_retry import LockRetry
from automation.stacks.stacks import Stacks
from infra.rollout.aws_clients import AwsClients
from infra.settings import Settings
from local.provider.server import Provider, serve
from tests.integration.project import ROOT
from tests.unit.infra.rollout.aws import Aws
from tests.unit.local.provider.toys import World, package


@dataclass(frozen=True, kw_only=True)
class Account(Stacks):
    """Stacks in an account that has an empty load balancer, whatever is asked of it."""

    def clients(self, settings: Settings) -> AwsClients:
        del settings
        return Aws(
            describe_rules={"Rules": []},
            describe_listeners={"Listeners": []},
            describe_target_groups={"TargetGroups": []},
        )


@dataclass
class Toys:
    """The project's configuration with a program of toys."""

    root: Path
    stacks: Stacks
    """Drives the stacks; a lock is not waited for."""
    world: World
    said: list[str] = field(default_factory=list)

    def pulumi(self, *arguments: str) -> str:
        """Run the Pulumi CLI as a user would."""
        program = self.stacks.find_cli(None)
        return Cli(program=program, folder=self.root, variables=self.stacks.variables()).ask(*arguments)


@pytest.fixture
def toys(
    pulumi_cli: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Toys]]:
    """Write a project with a program."""
    # The program changes both.
    monkeypatch.chdir(Path.cwd())
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in os.environ:
        if name.startswith("PULUMI_"):
            monkeypatch.delenv(name)
    world = World()
    server, port = serve(Provider(**package(world)))
    variables = {
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DEBUG_PROVIDERS": f"toy:{port}",
    }

    def write(program: str) -> Toys:
        (tmp_path / "state").mkdir()
        shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
        (tmp_path / "__main__.py").write_text(program)
        (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  node-on-ecs:domain: dev.example.com\n")
        said: list[str] = []
        stacks = Account(
            find_cli=lambda _: pulumi_cli,
            root=tmp_path,
            extra_variables=variables,
            lock_retry=LockRetry(minutes=0, say=said.append),
        )
        return Toys(root=tmp_path, stacks=stacks, world=world, said=said)

    yield write
    server.stop(None).wait()
