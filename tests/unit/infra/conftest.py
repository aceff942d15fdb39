"""The three stacks, declared once by the real program."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import chdir
from pathlib import Path
from runpy import run_path
from typing import Any
from unittest.mock import patch

import pytest
import yaml

from tests.unit.infra.fake_cloud import FakeCloud
from tests.unit.infra.recorder import PROJECT, Graph, declare, once

ROOT = Path(__file__).parents[3]
STACKS = ("dev", "staging", "prod")

DeclareStack = Callable[..., Graph]

BASE = "organization/node-on-ecs/dev"
ATTACHED = {
    "attach-to": "dev",
    "expires": "2026-11-24T12:00:00Z",
    "nat": "single",
    "container-insights": "enabled",
    "multidev": [],
}
"""Makes of dev's file one of a stack that attaches to dev."""


async def _all_well(*_: Any) -> None:
    """Stands for the look at the services, which would ask AWS."""


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to build: what is declared must not depend on what the app is like today."""
    return folder_to_build(tmp_path_factory.mktemp("project"))


def folder_to_build(project: Path) -> Path:
    """Return an app's folder inside a project's."""
    folder = project / "app"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY server.js .\n")
    (folder / "server.js").write_text("// a server\n")
    return folder


@pytest.fixture(scope="session")
def declare_stack(app: Path) -> DeclareStack:
    """Run the real `__main__.py` for a stack, with its own file and some keys changed.

    `stacks` has the outputs of others.
    """

    @once
    def run(
        stack_name: str,
        changes: Mapping[str, Any] | None = None,
        *,
        stack: str | None = None,
        dry_run: bool = False,
        stacks: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Graph:
        cloud = FakeCloud(stacks=stacks)
        return declare_watched(stack_name, changes or {}, app=app, stack=stack, dry_run=dry_run, cloud=cloud)

    return run


def declare_watched(
    stack_name: str,
    changes: Mapping[str, Any] | None = None,
    *,
    app: Path,
    verify: Callable[..., Awaitable[None]] = _all_well,
    stack: str | None = None,
    **options: Any,
) -> Graph:
    """Declare a stack, with another look at its services at the end.

    A name without a file is a stack that says nothing but its changes.
    """
    path = ROOT / f"Pulumi.{stack_name}.yaml"
    file = yaml.safe_load(path.read_text()) if path.exists() else {"config": {}}
    own = {f"{PROJECT}:{key}": value for key, value in (changes or {}).items()}
    # As Pulumi does, the program runs in the project's folder; here in one with another app.
    with chdir(app.parent), patch("infra.rollout.verification.verify", verify):
        return declare(
            lambda: run_path(str(ROOT / "__main__.py"), run_name="__main__"),
            stack_name=stack or stack_name,
            config={**file["config"], **own},
            **options,
        )


@pytest.fixture(scope="session")
def attach(declare_stack: DeclareStack) -> DeclareStack:
    """Attach the stack pr-12 to dev."""

    def run(changes: Mapping[str, Any] | None = None, *, told: Any = None) -> Graph:
        outputs = declare_stack("dev").exports if told is None else told
        return declare_stack("dev", {**ATTACHED, **(changes or {})}, stack="pr-12", stacks={BASE: outputs})

    return run


@pytest.fixture(params=STACKS)
def graph(request: pytest.FixtureRequest, declare_stack: DeclareStack) -> Graph:
    """One stack after the other, each as its file has it."""
    return declare_stack(request.param)
