"""Rules for capacity, and for the services that may use it."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import CapacityProvider, Ec2Capacity, kind_of, network_mode_of
from infra.settings.capacity import architecture_of
from tests.unit.infra.settings_fixtures import faults_of, refuses, settings_of

FARGATE = {"capacity-provider": "FARGATE", "weight": 1}
SPOT = {"capacity-provider": "FARGATE_SPOT", "weight": 3}
POOL = {"type": "ec2", "instance-types": ["t4g.small", "t4g.medium"]}
INTEL = {"type": "ec2", "instance-types": ["m7i.large"], "architecture": "x86_64"}
GPU = {"type": "ec2", "instance-types": ["g5.xlarge"], "architecture": "x86_64", "ami": "al2023-gpu"}
MANAGED = {"type": "managed-instances"}
RACK = {"type": "external"}
NIGHT = {"name": "night", "cron": "0 20 ? * * *", "min-instances": 0, "max-instances": 0}


def strategy(*lines: dict[str, Any]) -> dict[str, Any]:
    return {"capacity-provider-strategy": list(lines)}


def on(name: str, capacity: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a configuration whose service runs on one capacity."""
    keys = {key.replace("_", "-"): value for key, value in more.items()}
    return {"capacity": {name: capacity}, **strategy({"capacity-provider": name, "weight": 1}), **keys}


def test_a_strategy_may_mix_fargate_and_spot() -> None:
    assert settings_of(strategy({**FARGATE, "base": 1}, SPOT)).main.capacity_provider_strategy == (
        CapacityProvider(capacity_provider="FARGATE", weight=1, base=1),
        CapacityProvider(capacity_provider="FARGATE_SPOT", weight=3, base=0),
    )


def test_a_service_may_run_on_the_stack_s_ec2_instances() -> None:
    settings = settings_of(on("pool", {**POOL, "max-instances": 9}, cpu=300, memory=700))

    assert settings.cluster.capacity == {
        "pool": Ec2Capacity(type="ec2", instance_types=("t4g.small", "t4g.medium"), max_instances=9)
    }
    assert settings.most_vcpus == 0


@pytest.mark.parametrize(
    ("config", "kind", "mode"),
    [
        ({}, "fargate", "awsvpc"),
        (on("pool", POOL), "ec2", "awsvpc"),
        (on("pool", POOL, network_mode="host"), "ec2", "host"),
        (on("pool", MANAGED), "managed-instances", "awsvpc"),
        (on("rack", RACK, exposure="none"), "external", "bridge"),
    ],
)
def test_kind_and_network_mode_follow_from_the_strategy(config: dict[str, Any], kind: str, mode: str) -> None:
    settings = settings_of(config)

    assert kind_of(settings.main, settings.cluster.capacity) == kind
    assert network_mode_of(settings.main, settings.cluster.capacity) == mode


@pytest.mark.parametrize(
    ("instance_type", "architecture"),
    [
        *((name, "arm64") for name in ("a1.large", "t4g.small", "c7gn.xlarge", "im4gn.large", "g5g.xlarge")),
        *((name, "x86_64") for name in ("m7i-flex.large", "g4dn.xlarge", "p4d.24xlarge", "t3.micro")),
        ("m7*", None),
    ],
)
def test_architecture_follows_from_the_instance_type(instance_type: str, architecture: str | None) -> None:
    assert architecture_of(instance_type) == architecture


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"container-insights": "on"}, "container-insights … one of disabled, enabled, enhanced"),
        (
            strategy({**FARGATE, "capacity-provider": "EC2"}),
            "capacity-provider-strategy[0].capacity-provider … FARGATE, FARGATE_SPOT or a name of `capacity`",
        ),
        (
            strategy({**FARGATE, "base": 1}, {**SPOT, "base": 2}),
            "capacity-provider-strategy[1].base … only one capacity provider of a strategy may have a base",
        ),
        (strategy(FARGATE, FARGATE), "capacity-provider-strategy[1].capacity-provider … each capacity"),
        (
            strategy({**FARGATE, "weight": 0}, {**SPOT, "weight": 0}),
            'capacity-provider-strategy = [{"capacity-provider": "FARGATE", "weight": 0},  … at least one capacity provider with a weight above 0',
        ),
        (strategy(), "capacity-provider-strategy … at least one capacity provider"),
    ],
)
def test_invalid_strategies_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


@pytest.mark.parametrize(
    ("capacity", "message"),
    [
        ({"pool": {"type": "ec3"}}, "capacity.pool.type … one of ec2, external, managed-instances"),
        ({"pool": {}}, "capacity.pool.type is missing: … one of ec2"),
        ({"pool": 5}, "capacity.pool … an object with type, one of ec2"),
        ({"ecs-pool": POOL}, "capacity.ecs-pool: … not with aws, ecs or fargate"),
        ({"pool": {"type": "ec2"}}, "capacity.pool.instance-types is missing: … at least one item"),
        ({"pool": {**POOL, "instance-types": ["big"]}}, "capacity.pool.instance-types[0] … such as t4g"),
        ({"pool": {**POOL, "disk-gib": 8}}, "capacity.pool.disk-gib … from 30 to 16384"),
        ({"pool": {**POOL, "min-instances": 9}}, "capacity.pool.min-instances … `max-instances`, 4"),
        ({"pool": {**POOL, "spot": True}}, "capacity.pool.spot … there is no such key"),
        (
            {"pool": {**POOL, "architecture": "x86_64", "instance-types": ["m7i.large", "m7g.large"]}},
            "capacity.pool.instance-types[1] … m7g.large has arm64",
        ),
        (
            {"pool": {**POOL, "ami": "al2023-gpu", "instance-types": ["g5g.xlarge"]}},
            "capacity.pool.ami … x86",
        ),
        ({"pool": {**INTEL, "ami": "al2023-gpu"}}, "capacity.pool.instance-types[0] … a type with a GPU"),
        ({"pool": {**POOL, "schedule": [NIGHT]}}, "capacity.pool.schedule[0].cron … five fields"),
        ({"pool": {**POOL, "time-zone": "Europe/Berlyn"}}, "capacity.pool.time-zone … Europe/Berlin"),
        ({"pool": {**MANAGED, "min-vcpus": 16}}, "capacity.pool.min-vcpus … at most the `max-vcpus`, 8"),
        ({"pool": {**MANAGED, "gpu": True}}, "capacity.pool.gpu … x86_64"),
        ({"pool": {**MANAGED, "instance-types": ["m7i.*"]}}, "capacity.pool.instance-types[0] … has x86_64"),
        ({"a1": RACK, "b2": RACK}, "capacity.b2.type … a cluster has one external capacity, and a1 is it"),
        ({"rack": {**RACK, "expires": "soon"}}, "capacity.rack.expires … a time in UTC"),
    ],
)
def test_invalid_capacity_is_refused(capacity: dict[str, Any], message: str) -> None:
    refuses({"capacity": capacity}, message)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            on("pool", POOL) | strategy({**SPOT, "capacity-provider": "poo"}),
            "capacity-provider-strategy[0].capacity-provider … one of FARGATE, FARGATE_SPOT, pool: `capacity` has no such name; the nearest is `pool`",
        ),
        (
            on("pool", POOL) | strategy(FARGATE, {"capacity-provider": "pool", "weight": 1}),
            "capacity-provider-strategy[1].capacity-provider … a provider of the same kind",
        ),
        (
            {"capacity": {"pool": POOL, "own": MANAGED}}
            | strategy({**SPOT, "capacity-provider": "pool"}, {**SPOT, "capacity-provider": "own"}),
            "capacity-provider-strategy[1].capacity-provider … capacity of type ec2",
        ),
        (on("pool", INTEL), "capacity-provider-strategy[0].capacity-provider … the service's"),
        (on("pool", POOL, gpus=1), "gpus … `ami: al2023-gpu` for the capacity pool"),
        ({"gpus": 1}, "gpus … Fargate has no GPUs"),
        ({"network-mode": "bridge"}, "network-mode … awsvpc, or auto"),
        ({"placement-strategies": [{"type": "random"}]}, 'placement-strategies = "1 item": … Fargate'),
        ({"placement-constraints": [{"type": "distinctInstance"}]}, "placement-constraints = … Fargate"),
        (on("pool", MANAGED, network_mode="bridge"), "network-mode … one of auto, awsvpc, host"),
        (
            on("pool", MANAGED, placement_strategies=[{"type": "random"}]),
            'placement-strategies = "1 item": … none on managed-instances capacity',
        ),
        (on("pool", MANAGED, nat="none"), "capacity-provider-strategy[0].capacity-provider … `nat` single"),
        (on("pool", POOL, nat="none"), 'network-mode = "auto": … bridge or host with `nat: none`'),
        (on("rack", RACK), 'exposure = "http": … no load balancer'),
        (on("rack", RACK, exposure="none", network_mode="awsvpc"), "network-mode … auto, bridge, host, none"),
        (
            on("pool", POOL, network_mode="bridge", **{"security-group-ids": ["sg-01234567"]}),
            "security-group-ids … their instance's groups",
        ),
        (on("pool", POOL, network_mode="host", **{"container-port": 80}), "container-port … 1024 or more"),
        (on("pool", POOL, network_mode="none"), "network-mode … `exposure: none`"),
        (on("pool", POOL, ephemeral_storage_gib=30), "ephemeral-storage-gib … only Fargate has it"),
        (
            on("rack", RACK, exposure="none", volumes={"data": {"path": "/data", "efs": {}}}),
            'volumes.data.efs = "data": … mount neither EFS nor EBS',
        ),
        (on("rack", RACK, exposure="none", discovery={"enabled": True}), "discovery.enabled … no names"),
        (
            on("pool", POOL, network_mode="host", connect={"enabled": True}),
            "connect.enabled … awsvpc and bridge",
        ),
        (
            on("pool", POOL, placement_strategies=[{"type": "spread", "field": "cpu"}]),
            "placement-strategies[0].field … instanceId or an attribute",
        ),
        (
            on("pool", POOL, placement_strategies=[{"type": "binpack"}]),
            "placement-strategies[0].field = null: … cpu or memory",
        ),
        (
            on("pool", POOL, placement_constraints=[{"type": "memberOf"}]),
            "placement-constraints[0].expression = null: … an expression",
        ),
    ],
)
def test_services_that_do_not_suit_their_capacity_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


def test_gpus_are_accepted_on_capacity_with_gpus() -> None:
    assert settings_of(on("gpu", GPU, gpus=1, architecture="x86_64")).main.gpus == 1


def test_a_service_with_its_own_capacity_does_not_inherit_the_main_one_s() -> None:
    """What is said of instances would not fit Fargate."""
    main = on("pool", POOL, network_mode="bridge", placement_strategies=[{"type": "random"}])
    worker = {"exposure": "none", **strategy(SPOT)}
    service = settings_of({**main, "services": {"worker": worker, "api": {}}}).more_services

    assert (service["worker"].network_mode, service["worker"].placement_strategies) == ("auto", ())
    assert service["api"].network_mode == "bridge"


def test_faults_of_another_service_are_reported_at_its_entry() -> None:
    worker = {"exposure": "none", **strategy({**SPOT, "capacity-provider": "pool"})}

    (fault,) = faults_of({"services": {"worker": worker}})
    assert fault.startswith(
        'services.worker.capacity-provider-strategy[0].capacity-provider = "pool": one of'
    )
