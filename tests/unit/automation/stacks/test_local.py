"""Local stacks, where they differ from those in an account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from automation.errors import AutomationError
from automation.stacks.local import LocalStacks
from automation.stacks.stacks import Stacks
from local.backend import Backend
from local.errors import LocalError


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def stacks(tmp_path: Path, calls: Path) -> LocalStacks:
    """Local stacks, with a script in place of the CLI that records its arguments."""
    script = tmp_path / "pulumi"
    script.write_text(f'#!/bin/sh\necho "$*" >> "{calls}"\necho {{}}\n')
    script.chmod(0o755)

    @contextmanager
    def run(stack: str, command: str, make: Any, *, region: str) -> Iterator[Any]:
        yield make(variables={}, folder=tmp_path)

    backend = Backend(tmp_path / "state", "shop")
    local: Any = SimpleNamespace(run=run, variables=dict, backend=backend, emulator=lambda: None)
    return LocalStacks(find_cli=lambda _: script, root=tmp_path, local=local)


def test_destroy_ignores_protection_and_removes_the_stack(stacks: LocalStacks, calls: Path) -> None:
    stacks.destroy("prod")
    stacks.remove("prod")

    (call,) = calls.read_text().splitlines()
    assert {"--ignore-protect", "--remove"} <= {*call.split()}


def test_create_leaves_the_stack_to_its_first_update(stacks: LocalStacks, calls: Path) -> None:
    stacks.create("pr-1", {"encryptionsalt": "v1:of-a-real-one"})

    assert not calls.exists()


def test_cancel_is_an_error(stacks: LocalStacks) -> None:
    with pytest.raises(AutomationError, match="dev has no stale lock"):
        stacks.cancel("dev")


def write_state(stacks: LocalStacks, **outputs: Any) -> list[dict[str, Any]]:
    resources: list[dict[str, Any]] = [
        {
            "urn": "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev",
            "type": "pulumi:pulumi:Stack",
            "outputs": outputs,
        },
        {"urn": "urn:pulumi:dev::shop::aws:ecs/cluster:Cluster::cluster", "type": "aws:ecs/cluster:Cluster"},
    ]
    path = stacks.local.backend.path("dev")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))
    return resources


def test_a_preview_stops_the_servers_that_it_started(
    stacks: LocalStacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    @contextmanager
    def servers_stopped_afterwards() -> Iterator[None]:
        yield
        order.append("stop")

    stacks.local.servers_stopped_afterwards = servers_stopped_afterwards  # type: ignore[method-assign]
    monkeypatch.setattr(Stacks, "preview", lambda _, stack: order.append(f"preview {stack}"))

    stacks.preview("dev")

    assert order == ["preview dev", "stop"]


def test_resources_and_outputs_are_read_without_the_cli(stacks: LocalStacks, calls: Path) -> None:
    """The CLI takes longer to start than `status` or `logs` take otherwise."""
    resources = write_state(stacks, url="http://shop.example.com")

    assert list(stacks.resources("dev")) == resources
    assert stacks.outputs("dev") == {"url": "http://shop.example.com"}
    assert not calls.exists()


def test_a_missing_stack_has_no_resources_and_no_outputs(stacks: LocalStacks) -> None:
    assert (list(stacks.resources("dev")), stacks.outputs("dev")) == ([], {})


def test_a_secret_output_is_decrypted_by_the_cli(stacks: LocalStacks, calls: Path) -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}
    write_state(stacks, url="http://shop.example.com", keys={"password": secret})

    stacks.outputs("dev", show_secrets=False)

    (call,) = calls.read_text().splitlines()
    assert call.startswith("stack output --json --stack dev")


def test_outputs_without_a_running_emulator_are_an_error(stacks: LocalStacks) -> None:
    write_state(stacks)

    def emulator() -> None:
        raise LocalError("the emulator does not run")

    stacks.local.emulator = emulator  # type: ignore[method-assign]

    with pytest.raises(LocalError, match="does not run"):
        stacks.outputs("dev")
