"""`aws-smoke`: the same steps as in an account, with the emulator in its place and real containers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from automation.smoke.smoke import STACK, Smoke
from automation.stack_files import DerivedStackFile
from automation.stacks.stacks import Run, Stacks
from local.emulator import Emulator
from local.front_door import FrontDoor
from local.isolation import isolate, point_at
from local.provider.server import Servers
from tests.integration.inventory import emulated
from tests.integration.project import Project

pytestmark = pytest.mark.docker


def steps(text: str) -> list[str]:
    return re.findall(r"(?m)^    (done|failed|interrupted)\b", text)


@pytest.mark.xdist_group("dev")
def test_smoke_destroys_a_stack_that_fails_to_deploy(dev: Project) -> None:
    before = emulated(dev.endpoint)
    dev.configure(multidev=[], command=["node", "-e", "process.exit(4)"])

    run = dev.run("aws-smoke")

    assert run.code == 1
    assert steps(run.out) == ["done", "failed", "done", "done"]
    assert "exited with code 4" in run.err
    assert not (dev.folder / "Pulumi.smoke.yaml").exists()
    assert emulated(dev.endpoint) - before == Counter()


@dataclass(frozen=True, kw_only=True)
class ThroughTheEmulator(Stacks):
    """Stacks in an account, whose load balancers only the front door knows."""

    endpoint: str
    front_door: FrontDoor

    @contextmanager
    def run(self, stack: str, command: str, *, region: str) -> Generator[Run]:
        """Serve the providers anew for each run, as the CLI starts its own."""
        servers = Servers(self.endpoint)
        try:
            with super().run(stack, command, region=region) as prepared:
                prepared.variables = {**prepared.variables, "PULUMI_DEBUG_PROVIDERS": servers.variable}
                yield prepared
        finally:
            servers.stop()

    def address(self, url: str) -> str:
        return self.front_door.url(urlsplit(url).hostname or "")


@pytest.fixture
def front_door(emulator: Emulator, tmp_path: Path) -> Iterator[FrontDoor]:
    door = FrontDoor.start_or_join(state_dir=tmp_path / "front-door", emulator=emulator.endpoint, port=0)
    yield door
    door.stop()


@pytest.fixture
def stacks(
    pulumi_cli: Path,
    tmp_path: Path,
    emulator: Emulator,
    front_door: FrontDoor,
    monkeypatch: pytest.MonkeyPatch,
) -> Stacks:
    variables: dict[str, str] = {}
    isolate(variables)
    point_at(emulator.endpoint, emulator.region, variables)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    # The program changes both.
    monkeypatch.chdir(Path.cwd())
    monkeypatch.syspath_prepend(str(tmp_path))
    project = Project.copy_to(tmp_path)
    (tmp_path / "state").mkdir()
    return ThroughTheEmulator(
        find_cli=lambda _: pulumi_cli,
        root=project.folder,
        endpoint=emulator.endpoint,
        front_door=front_door,
        extra_variables={
            **variables,
            "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "a passphrase",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        },
    )


def test_smoke_deploys_checks_and_destroys_a_stack_without_leftovers(
    stacks: Stacks, emulator: Emulator
) -> None:
    messages: list[str] = []
    file = DerivedStackFile(root=stacks.root, project=stacks.project, stack=STACK, base="dev")
    smoke = Smoke(
        stacks=stacks, settings=stacks.settings("dev"), file=file, region=None, remark="", say=messages.append
    )
    before = emulated(emulator.endpoint)

    failures = smoke.run(keep=False)

    text = "\n".join(messages)
    assert failures == [], text
    assert steps(text) == ["done"] * 7
    assert list(stacks.summaries()) == []
    assert not file.path.exists()
    assert emulated(emulator.endpoint) - before == Counter()
