"""Stacks in an account, by the real Pulumi CLI: a backend of files, and a provider of toys in AWS's place."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from copy import deepcopy
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
    """Stacks in an account that has an empty load balancer, for every request."""

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
    messages: list[str] = field(default_factory=list)

    def pulumi(self, *arguments: str) -> str:
        """Run the Pulumi CLI as a user would."""
        program = self.stacks.find_cli(None)
        cli = Cli(executable=program, folder=self.root, variables=self.stacks.variables())
        return cli.output(*arguments)


@contextmanager
def _served(folder: Path, cli: Path, world: World) -> Generator[Toys]:
    """Serve the provider for the project in a folder."""
    server, port = serve(Provider(**package(world)))
    messages: list[str] = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        # The program changes both.
        monkeypatch.chdir(Path.cwd())
        monkeypatch.setattr(sys, "path", [*sys.path])
        for name in os.environ:
            if name.startswith("PULUMI_"):
                monkeypatch.delenv(name)
        stacks = Account(
            find_cli=lambda _: cli,
            root=folder,
            extra_variables={
                "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
                "PULUMI_HOME": str(folder / "home"),
                "PULUMI_CONFIG_PASSPHRASE": "a passphrase",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PULUMI_DEBUG_PROVIDERS": f"toy:{port}",
            },
            lock_retry=LockRetry(minutes=0, say=messages.append),
        )
        yield Toys(root=folder, stacks=stacks, world=world, messages=messages)
    server.stop(None).wait()


@pytest.fixture(scope="module")
def made(
    request: pytest.FixtureRequest, pulumi_cli: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, World]:
    """A project with the `PROGRAM` of the module, brought to where the module's `begin` leaves it, once."""
    folder = tmp_path_factory.mktemp("toys")
    (folder / "state").mkdir()
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    (folder / "__main__.py").write_text(request.module.PROGRAM)
    (folder / "Pulumi.dev.yaml").write_text("config:\n  node-on-ecs:domain: dev.example.com\n")
    world = World()
    with _served(folder, pulumi_cli, world) as toys:
        request.module.begin(toys)
    return folder, world


@pytest.fixture
def toys(made: tuple[Path, World], pulumi_cli: Path, tmp_path: Path) -> Iterator[Toys]:
    """A copy of it that is the test's own, as is what exists."""
    folder, world = made
    shutil.copytree(folder, tmp_path, ignore=shutil.ignore_patterns("home"), dirs_exist_ok=True)
    with _served(tmp_path, pulumi_cli, deepcopy(world)) as toys:
        yield toys
