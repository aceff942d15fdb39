"""The environment of a run of the CLI, without Docker or an emulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import local.environment as module
from local.docker_daemon import DockerDaemon
from local.environment import LocalEnvironment
from local.locks import BusyError, stack_watched
from local.ports import PortError, any_free


@dataclass
class FakeEmulator:
    identity: str = "one"
    endpoint: str = "http://127.0.0.1:4566"
    region: str = "eu-central-1"


class FakeServers:
    def __init__(self, endpoint: str, *, known: Any) -> None:
        self.endpoint, self.known = endpoint, known
        self.variable = "aws:1"

    def prepare_update(self, region: str) -> None:
        pass

    def stop(self) -> None:
        pass


@dataclass
class ARun:
    variables: dict[str, str]
    folder: Path
    last_update_failed: bool
    locks: tuple[int, ...]
    wait_until_ready: Callable[[], object]
    succeeded: bool = False


@dataclass
class Machine:
    environment: LocalEnvironment
    emulator: FakeEmulator
    lines: list[str] = field(default_factory=list)
    servers: list[FakeServers] = field(default_factory=list)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  shop:cpu: 256\n")
    lines: list[str] = []
    machine = Machine(
        LocalEnvironment(project="shop", root=tmp_path, say=lines.append), FakeEmulator(), lines
    )

    def servers(endpoint: str, *, known: Any) -> FakeServers:
        machine.servers.append(FakeServers(endpoint, known=known))
        return machine.servers[-1]

    def start(environment: LocalEnvironment, stack: str, region: str) -> tuple[FakeEmulator, None]:
        del region
        environment._set_aside_stale_states(machine.emulator, held=stack)  # type: ignore[arg-type]
        return machine.emulator, None

    monkeypatch.setattr("local.provider.server.Servers", servers)
    monkeypatch.setattr(LocalEnvironment, "_start", start)
    monkeypatch.setattr(module, "point_at", lambda *_: None)
    return machine


def run(machine: Machine, command: str = "up", stack: str = "dev", *, succeeded: bool = True) -> ARun:
    with machine.environment.run(stack, command, ARun) as prepared:
        if succeeded:
            write_state(machine, stack)
        prepared.succeeded = succeeded
    return prepared


def write_state(machine: Machine, stack: str, *resources: dict[str, Any]) -> None:
    path = machine.environment.backend.path(stack)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))


def test_a_new_stack_has_an_empty_state_of_this_emulator_when_the_cli_starts(machine: Machine) -> None:
    environment = machine.environment
    with environment.run("dev", "up", ARun):
        assert environment.backend.belongs_to("dev", machine.emulator.identity)
        assert environment.backend.stacks() == ["dev"]
        assert not environment.backend.read("dev").resources


def test_the_cli_gets_the_local_providers_and_no_account(machine: Machine) -> None:
    variables = run(machine).variables

    assert variables["PULUMI_DEBUG_PROVIDERS"] == "aws:1"
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert variables["AWS_ACCESS_KEY_ID"] == "test"
    assert variables["PULUMI_BACKEND_URL"].startswith(f"file://{machine.environment.folder}")


def test_only_the_run_after_an_interrupted_one_adopts_resources(machine: Machine) -> None:
    run(machine)
    run(machine, succeeded=False)
    run(machine)
    run(machine)

    assert [servers.known for servers in machine.servers] == [None, None, [], None]


@pytest.mark.parametrize(("command", "failed"), [("up", True), ("preview", False)])
def test_a_failed_update_is_known_to_the_next_run_only(
    machine: Machine, command: str, *, failed: bool
) -> None:
    run(machine, command, succeeded=False)

    assert run(machine).last_update_failed is failed
    assert not run(machine).last_update_failed


def test_the_state_of_an_earlier_emulator_is_set_aside(machine: Machine) -> None:
    run(machine)
    write_state(machine, "dev", {"type": "aws:ec2/vpc:Vpc"})
    machine.emulator.identity = "another"

    with machine.environment.run("dev", "up", ARun):
        assert not machine.environment.backend.read("dev").resources
    assert "The emulator was restarted and is empty. The earlier state of dev" in machine.lines[0]
    assert (machine.environment.folder / "state-of-earlier-emulators" / "dev.json").exists()


def test_the_states_of_other_stacks_are_set_aside_unless_a_run_holds_them(machine: Machine) -> None:
    run(machine, stack="dev")
    run(machine, stack="staging")
    machine.emulator.identity = "another"
    with module.stack_locked(machine.environment.folder, "staging", "up staging"):
        run(machine, stack="prod")

    assert machine.environment.backend.stacks() == ["prod", "staging"]


def test_the_cli_gets_a_verbatim_copy_of_the_stack_file(machine: Machine) -> None:
    text = 'config:\n  shop:environment: {A: "08901", B: 0o17, YES: "1"} # why\n'
    (machine.environment.root / "Pulumi.dev.yaml").write_text(text)

    folder = run(machine).folder

    assert folder != machine.environment.root
    assert (folder / "Pulumi.dev.yaml").read_text() == text
    assert (folder / "Pulumi.yaml").read_text() == "name: shop\n"


def test_the_clis_salt_in_the_copy_is_kept(machine: Machine) -> None:
    copy = run(machine).folder / "Pulumi.dev.yaml"
    copy.write_text(f"encryptionsalt: v1:abc\n{copy.read_text()}")

    again = run(machine).folder / "Pulumi.dev.yaml"

    assert again.read_text() == "config:\n  shop:cpu: 256\nencryptionsalt: v1:abc\n"


def test_the_accounts_encryption_key_is_removed_from_the_copy(machine: Machine) -> None:
    (machine.environment.root / "Pulumi.dev.yaml").write_text(
        "secretsprovider: awskms://alias/x?region=us-east-1\nencryptedkey: AQIC\nconfig:\n  shop:cpu: 256\n"
    )

    assert (run(machine).folder / "Pulumi.dev.yaml").read_text() == "config:\n  shop:cpu: 256\n"


def test_a_stack_can_be_destroyed_without_its_file(machine: Machine) -> None:
    (machine.environment.root / "Pulumi.dev.yaml").unlink()

    assert (run(machine, "destroy").folder / "Pulumi.dev.yaml").read_text() == ""


def reading(stack: str) -> dict[str, Any]:
    return {"type": "pulumi:pulumi:StackReference", "id": f"organization/shop/{stack}"}


NETWORK = {"type": "aws:ec2/vpc:Vpc", "custom": True, "id": "vpc-1"}
IN_NETWORK = {"type": "aws:ec2/securityGroup:SecurityGroup", "inputs": {"vpcId": "vpc-1"}}


@pytest.mark.parametrize(
    ("resources", "order"),
    [
        ({"dev": {}, "pr-1": reading("dev"), "a": reading("pr-1")}, ["a", "pr-1", "dev"]),
        ({"dev": NETWORK, "guest": IN_NETWORK}, ["guest", "dev"]),
        ({"a": reading("b"), "b": reading("a")}, ["a", "b"]),
    ],
    ids=["outputs", "network", "each other's outputs"],
)
def test_a_stack_is_deleted_before_those_that_it_uses(
    machine: Machine, resources: dict[str, dict[str, Any]], order: list[str]
) -> None:
    for stack, resource in resources.items():
        write_state(machine, stack, *([resource] if resource else []))

    assert machine.environment.in_order_of_deletion(resources) == order


def test_a_stack_with_a_damaged_state_can_be_deleted(machine: Machine) -> None:
    write_state(machine, "dev")
    write_state(machine, "broken")
    machine.environment.backend.path("broken").write_text("")

    assert sorted(machine.environment.in_order_of_deletion(["dev", "broken"])) == ["broken", "dev"]


def test_a_state_that_a_failed_run_truncated_is_restored(machine: Machine) -> None:
    path = machine.environment.backend.path("dev")
    run(machine)
    before = path.read_text()

    with machine.environment.run("dev", "up", ARun):
        path.write_text(before[:20])

    assert path.read_text() == before
    run(machine)
    assert machine.servers[-1].known == []


def test_forget_deletes_all_files_of_a_stack(machine: Machine) -> None:
    run(machine)
    run(machine, succeeded=False)

    machine.environment.forget("dev")

    assert [path for path in machine.environment.folder.rglob("*dev*") if path.suffix != ".lock"] == []


def test_a_stack_that_dev_watches_can_be_updated_but_not_destroyed(machine: Machine) -> None:
    with stack_watched(machine.environment.folder, "dev", "dev dev"):
        run(machine, "up")
        with pytest.raises(BusyError, match="`dev dev`"):
            run(machine, "destroy")

    run(machine, "destroy")


@pytest.mark.parametrize(
    ("running_before", "resources", "stopped"),
    [(False, 0, True), (True, 0, False), (False, 1, False)],
    ids=["only for the preview", "running before", "another stack was deployed meanwhile"],
)
def test_servers_that_only_a_preview_needs_are_stopped_again(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    *,
    running_before: bool,
    resources: int,
    stopped: bool,
) -> None:
    running = [machine.emulator] if running_before else []
    done: list[bool] = []
    monkeypatch.setattr(module.Emulator, "running", lambda _: next(iter(running), None))
    monkeypatch.setattr(LocalEnvironment, "_stop_servers", lambda _: done.append(True))
    monkeypatch.setattr(LocalEnvironment, "_stop_docker", lambda _: None)

    with machine.environment.servers_stopped_afterwards():
        running.append(machine.emulator)
        run(machine, "preview", succeeded=False)
        write_state(machine, "dev", *[{"type": "a:b:C"}] * resources)

    assert (done == [True]) is stopped
    assert machine.environment.backend.path("dev").exists() is not stopped


class DockerStarted(Exception):  # noqa: N818 -- no error
    """The first thing that a run starts."""


@pytest.fixture
def unstarted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalEnvironment:
    """An environment in which nothing runs."""

    def start_or_join(*_: Any, **__: Any) -> None:
        raise DockerStarted

    monkeypatch.setattr(DockerDaemon, "start_or_join", start_or_join)
    return LocalEnvironment(project="shop", root=tmp_path, say=pytest.fail)


@pytest.mark.parametrize("variable", ["EMULATOR_PORT", "FRONT_DOOR_PORT"])
def test_an_invalid_port_is_refused_before_anything_is_started(
    unstarted: LocalEnvironment, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "0")

    with pytest.raises(PortError, match=f"{variable} is '0'"):
        unstarted._start("dev", "us-east-1")


def test_one_port_for_both_servers_is_refused_before_anything_is_started(
    unstarted: LocalEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = any_free()
    for variable in ("EMULATOR_PORT", "FRONT_DOOR_PORT"):
        monkeypatch.setenv(variable, str(port))

    with pytest.raises(PortError, match=f"port {port} for the front door is in use"):
        unstarted._start("dev", "us-east-1")


def test_a_stack_is_destroyed_whatever_the_ports_are(
    unstarted: LocalEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make down` is what the error about another port asks for."""
    monkeypatch.setenv("EMULATOR_PORT", "0")

    with pytest.raises(DockerStarted):
        unstarted._start("dev", "")
