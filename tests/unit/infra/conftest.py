"""The three stacks, declared by the real program and cached."""

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
"""Changes to the file of dev by which a stack attaches to dev."""


async def _verified(*_: Any) -> None:
    """Replace the check of the services, which would call AWS."""


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small app: declared resources must not depend on the real one."""
    return create_app_folder(tmp_path_factory.mktemp("project"))


def create_app_folder(project: Path) -> Path:
    """Create an app's folder inside a project's folder."""
    folder = project / "app"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY server.js .\n")
    (folder / "server.js").write_text("// a server\n")
    return folder


@pytest.fixture(scope="session")
def declare_stack(app: Path) -> DeclareStack:
    """Run the real `__main__.py` for a stack, with its own file and changed keys.

    `stacks` has the outputs of other stacks.
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
        return declare_program(stack_name, changes or {}, app=app, stack=stack, dry_run=dry_run, cloud=cloud)

    return run


def declare_program(
    stack_name: str,
    changes: Mapping[str, Any] | None = None,
    *,
    app: Path,
    verify: Callable[..., Awaitable[None]] = _verified,
    stack: str | None = None,
    **options: Any,
) -> Graph:
    """Declare a stack without cache, with a replaced check of its services.

    A stack without a file has only the changed keys.
    """
    path = ROOT / f"Pulumi.{stack_name}.yaml"
    file = yaml.safe_load(path.read_text()) if path.exists() else {"config": {}}
    changed = {f"{PROJECT}:{key}": value for key, value in (changes or {}).items()}
    # The program runs in the project's folder, as with Pulumi; here in one with the small app.
    with chdir(app.parent), patch("infra.rollout.verification.verify", verify):
        return declare(
            lambda: run_path(str(ROOT / "__main__.py"), run_name="__main__"),
            stack_name=stack or stack_name,
            config={**file["config"], **changed},
            **options,
        )


@pytest.fixture(scope="session")
def attach(declare_stack: DeclareStack) -> DeclareStack:
    """Attach the stack pr-12 to dev."""

    def run(changes: Mapping[str, Any] | None = None, *, base: Any = None) -> Graph:
        outputs = declare_stack("dev").exports if base is None else base
        return declare_stack("dev", {**ATTACHED, **(changes or {})}, stack="pr-12", stacks={BASE: outputs})

    return run


@pytest.fixture(params=STACKS)
def graph(request: pytest.FixtureRequest, declare_stack: DeclareStack) -> Graph:
    """Each shipped stack."""
    return declare_stack(request.param)
