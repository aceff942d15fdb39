"""What every component does alike, built below somebody else's component and with options of the caller's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest

from infra.cluster.cluster import Cluster, ClusterArgs
from infra.image.app_image import AppImage, AppImageArgs
from infra.network.dns import Certificate, CertificateArgs, Host, HostArgs
from infra.network.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.network.security_groups import SecurityGroups, SecurityGroupsArgs
from infra.network.vpc import Network, NetworkArgs
from infra.observability.alarms import DeploymentAlarms, DeploymentAlarmsArgs
from infra.service.autoscaling import Autoscaling, AutoscalingArgs
from infra.service.roles import HookRole, InfrastructureRole
from infra.service.service import Service
from infra.service.task_definition import TaskDefinition
from infra.service.traffic import Green, GreenArgs, target_group
from tests.unit.infra.factories import (
    Holder,
    account,
    alarm_settings,
    autoscaling_settings,
    cluster_settings,
    image_settings,
    load_balancer_settings,
    network_settings,
    rollout_settings,
    service_args,
    service_settings,
    task_args,
    traffic_shift,
)
from tests.unit.infra.recorder import Declared, Graph, declare


def _green(opts: pulumi.ResourceOptions) -> Green:
    settings = service_settings(rollout=rollout_settings("canary"))
    blue = target_group("part", settings, vpc_id="vpc-1", parent=Holder("elsewhere"))
    return Green("part", GreenArgs(settings=settings, blue=blue, vpc_id="vpc-1", shift=traffic_shift()), opts)


Build = Callable[[Path, pulumi.ResourceOptions], pulumi.ComponentResource]

COMPONENTS: dict[str, Build] = {
    "AppImage": lambda app, opts: AppImage(
        "part",
        AppImageArgs(
            settings=image_settings(app_path=str(app)),
            architecture="arm64",
            stack_prefix="organization/project",
        ),
        opts,
    ),
    "Network": lambda _, opts: Network("part", NetworkArgs(settings=network_settings(ipv6=True)), opts),
    "SecurityGroups": lambda _, opts: SecurityGroups(
        "part",
        SecurityGroupsArgs(vpc_id="vpc-1", container_port=3000, public_ports=[80]),
        opts,
    ),
    "Cluster": lambda _, opts: Cluster(
        "part",
        ClusterArgs(settings=cluster_settings(), log_retention_days=7),
        opts,
    ),
    "Certificate": lambda _, opts: Certificate("part", CertificateArgs(domain="a.b", zone_id="Z"), opts),
    "Host": lambda _, opts: Host(
        "part",
        HostArgs(host="a.b", zone_id="Z", load_balancer_dns_name="lb", load_balancer_zone_id="Y"),
        opts,
    ),
    "LoadBalancer": lambda _, opts: LoadBalancer(
        "part",
        LoadBalancerArgs(
            settings=load_balancer_settings(),
            subnet_ids=["a", "b"],
            security_group_id="sg",
            certificate_arn="arn",
        ),
        opts,
    ),
    "TaskDefinition": lambda _, opts: TaskDefinition("part", task_args(), opts),
    "Service": lambda _, opts: Service("part", service_args(), opts),
    "Green": lambda _, opts: _green(opts),
    "InfrastructureRole": lambda _, opts: InfrastructureRole("part", account(), opts),
    "HookRole": lambda _, opts: HookRole("part", rollout_settings("canary"), account(), opts),
    "DeploymentAlarms": lambda _, opts: DeploymentAlarms(
        "part",
        DeploymentAlarmsArgs(settings=alarm_settings(), target_groups={"part": "tg"}, load_balancer="lb"),
        opts,
    ),
    "Autoscaling": lambda _, opts: Autoscaling(
        "part",
        AutoscalingArgs(
            settings=autoscaling_settings(requests_per_target=1),
            cluster_name="cluster",
            service_name="service",
            target_groups=["tg"],
            load_balancer="lb",
        ),
        opts,
    ),
}


@pytest.fixture(scope="module", params=COMPONENTS)
def built(request: pytest.FixtureRequest, app: Path) -> tuple[str, Graph]:
    """A component, protected by its caller and renamed from another name."""

    def program() -> None:
        holder = Holder()
        opts = pulumi.ResourceOptions(parent=holder, aliases=[pulumi.Alias(name="before")])
        COMPONENTS[request.param](app, opts)

    return request.param, declare(program)


def _component(built: tuple[str, Graph]) -> tuple[Declared, list[Declared]]:
    name, graph = built
    component = graph.one(f"node-on-ecs:infra:{name}", "part")
    others = [r for r in graph.resources if r.type not in (component.type, "test:index:Holder")]
    return component, [r for r in others if not r.type.startswith("pulumi:providers:") and not _is_given(r)]


def _is_given(resource: Declared) -> bool:
    """Whether it is something that the component gets, below a holder of its own."""
    return (
        "::elsewhere" in resource.parent or "::shared" in resource.parent or resource.name == "infrastructure"
    )


def test_a_component_is_where_its_caller_puts_it(built: tuple[str, Graph]) -> None:
    component, _ = _component(built)

    assert component.parent.endswith("::holder")


def test_children_belong_to_the_component_and_not_to_its_caller(built: tuple[str, Graph]) -> None:
    """With the caller's parent they would be the caller's, and the component an empty shell."""
    component, children = _component(built)
    ancestry = component.urn.rpartition("::")[0]

    assert children != []
    assert [child.name for child in children if not child.parent.startswith(ancestry)] == []


def test_the_callers_options_are_for_the_component_alone(built: tuple[str, Graph]) -> None:
    """An alias that reached the children would rename them too."""
    _, children = _component(built)

    # pulumi-aws gives aliases of its own to types that were renamed.
    assert [child.name for child in children if any("before" in alias for alias in child.aliases)] == []


def test_children_are_named_after_the_component(built: tuple[str, Graph]) -> None:
    """Two of a kind in one stack must not meet."""
    _, children = _component(built)

    assert [child.name for child in children if child.name.split("-")[0] != "part"] == []


def test_a_component_says_when_it_is_done(built: tuple[str, Graph]) -> None:
    """Without `register_outputs` the engine waits for more children."""
    name, graph = built

    assert graph.one(f"node-on-ecs:infra:{name}", "part").urn in graph.outputs
