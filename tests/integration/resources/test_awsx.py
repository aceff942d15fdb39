"""The program's own network by the in-process engine: the stand-in for awsx, against the emulator."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from infra.network.vpc import Network, NetworkArgs
from infra.settings import NetworkSettings
from local.engine.catalogue import everything
from local.engine.deployment import Deployment, Target

if TYPE_CHECKING:
    from pathlib import Path

    from local.engine.events import Event
    from tests.integration.resources.example import Workbench

SETTINGS = NetworkSettings(
    cidr="10.9.0.0/16",
    availability_zones=2,
    nat="none",
    ipv6=False,
    egress=(),
)


class Stack:
    """Runs the network with one settings after the other."""

    def __init__(self, bench: Workbench, folder: Path) -> None:
        self.bench = bench
        self.events: list[Event] = []
        self.target = Target(
            project="node-on-ecs",
            stack=bench.name,
            root=folder,
            backend=folder / "backend",
            endpoint=bench.cloud.endpoint,
            passphrase="a passphrase",
        )

    def _deployment(self, *, dry_run: bool = False) -> Deployment:
        self.events.clear()
        return Deployment(
            self.target,
            everything(),
            dry_run=dry_run,
            listen=self.events.append,
            log=lambda _severity, _message: None,
        )

    def up(self, settings: NetworkSettings, *, dry_run: bool = False) -> dict[str, Any]:
        """Refresh, then run the program; return what was done, by name without zones."""
        exported: dict[str, Any] = {}

        def program() -> None:
            provider = aws.Provider(
                "aws", region="us-east-1", default_tags={"tags": {"Stack": self.bench.name}}
            )
            network = Network(
                "network", NetworkArgs(settings=settings), pulumi.ResourceOptions(providers=[provider])
            )
            for name in ("vpc_id", "public_subnet_ids", "private_subnet_ids"):
                value = getattr(network, name)
                value.apply(lambda got, name=name: exported.__setitem__(name, got))

        deployment = self._deployment(dry_run=dry_run)
        deployment.refresh()
        deployment.up(program, {"aws:region": "us-east-1"}, [])
        return exported

    def destroy(self) -> None:
        self._deployment().destroy()

    def steps(self) -> dict[str, list[str]]:
        """What was done, by operation."""
        done: dict[str, list[str]] = {}
        for event in self.events:
            if event.phase == "done" and event.type.startswith("aws:") and event.operation != "same":
                name = f"{event.type.rpartition(':')[2]}/{event.urn.rpartition('::')[2]}"
                done.setdefault(event.operation, []).append(name)
        return {operation: sorted(names) for operation, names in done.items()}


@pytest.fixture
def stack(bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.setattr("local.engine.secrets.ROUNDS", 1000)
    return Stack(bench, tmp_path)


def count(bench: Workbench, operation: str, listed: str, stack: str) -> int:
    wanted = [{"Name": "tag:Stack", "Values": [stack]}]
    return len(getattr(bench.cloud.client("ec2"), operation)(Filters=wanted)[listed])


def test_a_network_comes_up_stays_as_it_is_and_goes(stack: Stack, bench: Workbench) -> None:
    settings = replace(SETTINGS, nat="one-per-az", ipv6=True)

    made = stack.up(settings)
    assert len(made["public_subnet_ids"]) == len(made["private_subnet_ids"]) == 2
    assert count(bench, "describe_subnets", "Subnets", bench.name) == 4

    again = stack.up(settings)
    assert stack.steps() == {}
    assert again == made

    stack.destroy()
    assert count(bench, "describe_vpcs", "Vpcs", bench.name) == 0
    assert count(bench, "describe_subnets", "Subnets", bench.name) == 0
    assert count(bench, "describe_route_tables", "RouteTables", bench.name) == 0


def test_turning_nat_on_adds_and_moves_nothing(stack: Stack) -> None:
    stack.up(SETTINGS)

    stack.up(replace(SETTINGS, nat="single"))

    assert stack.steps() == {
        "create": [
            "Eip/network-1",
            "NatGateway/network-1",
            "Route/network-private-1",
            "Route/network-private-2",
        ],
    }
    stack.destroy()


def test_one_zone_more_adds_and_moves_nothing(stack: Stack) -> None:
    stack.up(SETTINGS)

    stack.up(replace(SETTINGS, availability_zones=3))

    done = stack.steps()
    assert set(done) == {"create"}
    assert all("-3" in name for name in done["create"])
    stack.destroy()


def test_turning_ipv6_on_replaces_nothing(stack: Stack) -> None:
    stack.up(SETTINGS)

    stack.up(replace(SETTINGS, ipv6=True), dry_run=True)
    assert set(stack.steps()) == {"create", "update"}

    stack.up(replace(SETTINGS, ipv6=True))
    done = stack.steps()
    assert done["update"] == ["Subnet/network-public-1", "Subnet/network-public-2", "Vpc/network"]
    assert set(done) == {"create", "update"}
    stack.destroy()


def test_a_preview_makes_nothing(stack: Stack, bench: Workbench) -> None:
    stack.up(replace(SETTINGS, nat="single"), dry_run=True)

    assert len(stack.steps()["create"]) > 20
    assert count(bench, "describe_vpcs", "Vpcs", bench.name) == 0
