"""Every example in the docs is a valid stack."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.unit.infra.conftest import ROOT, DeclareStack
from tests.unit.infra.recorder import Graph, Secret

EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.yaml"))
SERVICE = "aws:ecs/service:Service"
SECURITY_GROUPS = (
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
)
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
DESCRIPTION = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"


def declare_example(declare_stack: DeclareStack, path: Path) -> Graph:
    """Declare an example as its own stack."""
    config = yaml.safe_load(path.read_text(encoding="utf-8"))["config"]
    keys = {name.removeprefix("node-on-ecs:"): value for name, value in config.items()}
    # The tests have their own app.
    keys.pop("app-path", None)
    return declare_stack("example", keys, stack=path.stem)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_declares_services(declare_stack: DeclareStack, path: Path) -> None:
    graph = declare_example(declare_stack, path)

    assert graph.all(SERVICE)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_aws_accepts_the_description_of_every_security_group_and_rule(
    declare_stack: DeclareStack, path: Path
) -> None:
    """It refuses an apostrophe, for example."""
    graph = declare_example(declare_stack, path)
    descriptions = {
        resource.inputs["description"] for token in SECURITY_GROUPS for resource in graph.all(token)
    }

    assert {text for text in descriptions if not DESCRIPTION.fullmatch(text)} == set()


def test_several_services_have_paths_or_no_exposure(declare_stack: DeclareStack) -> None:
    graph = declare_example(declare_stack, ROOT / "docs" / "examples" / "several-services.yaml")
    rules = {
        resource.name: [next(iter(condition.items())) for condition in resource.inputs["conditions"]]
        for resource in graph.all("aws:lb/listenerRule:ListenerRule")
    }

    assert rules == {
        "web": [("hostHeader", {"values": ["dev.example.com"]})],
        "api": [
            ("hostHeader", {"values": ["dev.example.com"]}),
            ("pathPattern", {"values": ["/api/*"]}),
        ],
        "web-alice": [("hostHeader", {"values": ["alice.dev.example.com"]})],
        "api-alice": [
            ("hostHeader", {"values": ["alice.dev.example.com"]}),
            ("pathPattern", {"values": ["/api/*"]}),
        ],
    }
    assert {resource.name for resource in graph.all(SERVICE)} == {
        "web",
        "api",
        "worker",
        "web-alice",
        "api-alice",
    }
    assert {resource.name for resource in graph.all("docker-build:index:Image")} == {"app", "api-image"}
    assert graph.exports["urls"] == {
        "web": "https://dev.example.com",
        "api": "https://dev.example.com/api/",
        "web-alice": "https://alice.dev.example.com",
        "api-alice": "https://alice.dev.example.com/api/",
    }


def test_services_find_each_other_by_alias_and_dns_name(declare_stack: DeclareStack) -> None:
    graph = declare_example(declare_stack, ROOT / "docs" / "examples" / "service-connect.yaml")
    connects = {
        resource.name: resource.inputs["serviceConnectConfiguration"] for resource in graph.all(SERVICE)
    }
    offered = {
        name: [alias for service in own.get("services", ()) for alias in service["clientAlias"]]
        for name, own in connects.items()
    }
    between = {
        rule.name: (rule.inputs["fromPort"], rule.inputs["referencedSecurityGroupId"])
        for kind in ("Ingress", "Egress")
        for rule in graph.all(f"aws:vpc/securityGroup{kind}Rule:SecurityGroup{kind}Rule")
        if "peers" in rule.name
    }

    assert offered == {
        "web": [],
        "web-alice": [],
        "api": [{"dnsName": "api", "port": 80}],
        "cache": [{"dnsName": "cache", "port": 6379}],
    }
    assert {own["namespace"] for own in connects.values()} == {
        "arn:aws:servicediscovery:us-east-1:123456789012:namespace/discovery-connect-1a2b3c4"
    }
    assert graph.names("aws:servicediscovery/service:Service") == ["cache"]
    assert graph.one("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace").inputs["name"] == (
        "service-connect.node-on-ecs.internal"
    )
    assert between == {
        f"security-tasks-{way}-peers-{port}": (port, "security-tasks-id")
        for way in ("from", "to")
        for port in (3000, 6379)
    }
    assert graph.one(SERVICE, "web").inputs["triggers"] == {"calls": "api:80"}
    assert graph.exports["names"] == {"cache": "cache.service-connect.node-on-ecs.internal"}


def test_services_on_instances_have_dynamic_ports(declare_stack: DeclareStack) -> None:
    graph = declare_example(declare_stack, ROOT / "docs" / "examples" / "ec2.yaml")
    strategies = {
        resource.name: resource.inputs["capacityProviderStrategies"] for resource in graph.all(SERVICE)
    }
    ingress = graph.one(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "security-tasks-from-load-balancer-dynamic",
    )

    assert {
        name: line["capacityProvider"] for name, (line,) in strategies.items() if "alice" not in name
    } == {
        "web": "cluster-capacity-pool-1a2b3c4",
        "worker": "FARGATE_SPOT",
    }
    assert (ingress.inputs["fromPort"], ingress.inputs["toPort"]) == (32768, 65535)
    assert graph.one("aws:lb/targetGroup:TargetGroup", "web").inputs["targetType"] == "instance"


def test_external_machines_have_a_secret_registration_command_and_no_load_balancer(
    declare_stack: DeclareStack,
) -> None:
    graph = declare_example(declare_stack, ROOT / "docs" / "examples" / "external.yaml")
    worker = graph.one(SERVICE, "worker").inputs

    assert isinstance(graph.exports["registration_command"], Secret)
    assert worker["launchType"] == "EXTERNAL"
    assert "loadBalancers" not in worker
    assert graph.one(SERVICE, "web").inputs["capacityProviderStrategies"][0]["capacityProvider"] == "FARGATE"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_everything_in_an_example_uses_the_same_provider(declare_stack: DeclareStack, path: Path) -> None:
    """Another provider is another account, or has no tags."""
    graph = declare_example(declare_stack, path)
    reference = f"{graph.one('pulumi:providers:aws').urn}::aws-id"
    resources = [r for r in graph.resources if r.type.startswith(("aws:", "awsx:"))]
    invokes = [i for i in graph.invokes if i.token.startswith("aws:")]

    assert [r.name for r in resources if reference not in {r.provider, r.providers.get("aws")}] == []
    assert [i.token for i in invokes if i.provider != reference] == []


def test_notifications_are_about_user_impact_and_not_about_stopped_services(
    declare_stack: DeclareStack,
) -> None:
    graph = declare_example(declare_stack, ROOT / "docs" / "examples" / "notifications.yaml")
    alarms = graph.names("aws:cloudwatch/metricAlarm:MetricAlarm")
    topics = {resource.inputs["alarmActions"][0].rpartition("-")[2] for resource in graph.all(COMPOSITE)}

    assert [name for name in alarms if "reports" in name] == [
        "on-call-reports-cpu",
        "on-call-reports-memory",
        "on-call-reports-tasks-missing",
    ]
    assert topics == {"urgent"}
    assert graph.one(COMPOSITE).inputs["alarmRule"].count("ALARM(") == 4
    assert len(graph.all("aws:cloudwatch/eventTarget:EventTarget")) == 4
