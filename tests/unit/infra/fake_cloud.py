"""A fake AWS: ids, ARNs and names that a test can recognise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks
from pulumi.runtime.rpc import UNKNOWN

ACCOUNT = "123456789012"
REGION = "us-east-1"
DIGEST = f"sha256:{'d' * 64}"
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d", "us-east-1e")
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
BOOTSTRAPPED = {
    "log-bucket": f"node-on-ecs-logs-{ACCOUNT}-{REGION}",
    "log-key-arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/logs",
    "topic-arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:node-on-ecs-alarms",
}
"""Resources that `bootstrap/` has created in the account."""

_RANDOM_END = "1a2b3c4"

_ARN_SERVICE = {
    "aws:autoscaling/group:Group": "autoscaling:autoScalingGroup",
    "aws:ecs/capacityProvider:CapacityProvider": "ecs:capacity-provider",
    "aws:ecs/cluster:Cluster": "ecs:cluster",
    "aws:ecs/service:Service": "ecs:service",
    "aws:ecs/taskDefinition:TaskDefinition": "ecs:task-definition",
    "aws:ecr/repository:Repository": "ecr:repository",
    "aws:iam/instanceProfile:InstanceProfile": "iam:instance-profile",
    "aws:iam/role:Role": "iam:role",
    "aws:lb/loadBalancer:LoadBalancer": "elasticloadbalancing:loadbalancer",
    "aws:lb/listener:Listener": "elasticloadbalancing:listener",
    "aws:lb/listenerRule:ListenerRule": "elasticloadbalancing:listener-rule",
    "aws:lb/targetGroup:TargetGroup": "elasticloadbalancing:targetgroup",
    "aws:acm/certificate:Certificate": "acm:certificate",
    "aws:cloudwatch/logGroup:LogGroup": "logs:log-group",
    "aws:scheduler/scheduleGroup:ScheduleGroup": "scheduler:schedule-group",
    "aws:sqs/queue:Queue": "sqs:queue",
    "aws:servicediscovery/httpNamespace:HttpNamespace": "servicediscovery:namespace",
    "aws:servicediscovery/service:Service": "servicediscovery:service",
    "aws:wafv2/webAcl:WebAcl": "wafv2:regional/webacl",
}


@dataclass
class Made:
    """A created resource, as the engine returns it."""

    id: str
    outputs: dict[str, Any]
    children: dict[str, dict[str, Any]] = field(default_factory=dict)
    """State of the children of a remote component, by URN."""


class FakeCloud(Mocks):
    """Answers for AWS; raises for unknown functions, so that none is called unnoticed."""

    def __init__(
        self,
        *,
        zones: tuple[str, ...] = ZONES,
        stacks: Mapping[str, Mapping[str, Any]] | None = None,
        bootstrapped: Mapping[str, str] = BOOTSTRAPPED,
    ) -> None:
        self._zones = zones
        self._bootstrapped = bootstrapped
        self._stacks = stacks or {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise AssertionError(f"the recording monitor creates resources itself, not {args.typ}")

    def create(self, token: str, name: str, inputs: Mapping[str, Any], *, dry_run: bool) -> Made:
        """Create a resource; in a preview it has only its inputs."""
        inputs = {key: value for key, value in inputs.items() if value is not None}
        if token == "pulumi:pulumi:StackReference":
            outputs = dict(self._stacks[inputs["name"]])
            return Made(inputs["name"], {"name": inputs["name"], "outputs": outputs, "secretOutputNames": []})
        if token.startswith("pulumi:providers:"):
            # Providers are configured in previews too.
            return Made(f"{name}-id", {})
        if token == "awsx:ec2:Vpc":
            return _vpc(name, inputs, dry_run=dry_run)
        if dry_run:
            return Made("", {})
        physical = f"{name}-{_RANDOM_END}"
        outputs = {"name": inputs.get("name", physical), **_computed(token, name, physical, inputs)}
        if token in _ARN_SERVICE:
            service, _, kind = _ARN_SERVICE[token].partition(":")
            region = "" if service == "iam" else REGION
            between = ":" if kind == "log-group" else "/"
            outputs["arn"] = f"arn:aws:{service}:{region}:{ACCOUNT}:{kind}{between}{physical}"
        return Made(f"{name}-id", outputs)

    def call(self, args: MockCallArgs) -> dict[str, Any]:  # type: ignore[override]
        answer = _FUNCTIONS.get(args.token)
        if answer is None:
            raise AssertionError(f"the fake cloud has no answer for {args.token}")
        return answer(self, args.args)

    def _get_zones(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        del arguments
        return {"names": list(self._zones), "zoneIds": [], "groupNames": [], "id": REGION}

    def _get_bootstrapped(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        path = arguments["path"]
        return {
            "names": [f"{path}/{key}" for key in self._bootstrapped],
            "values": list(self._bootstrapped.values()),
            "arns": [],
            "types": [],
            "id": path,
        }


def _computed(token: str, name: str, physical: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    computed: dict[str, dict[str, Any]] = {
        "aws:ecr/repository:Repository": {"repositoryUrl": f"{REGISTRY}/{physical}", "registryId": ACCOUNT},
        "docker-build:index:Image": {
            "digest": DIGEST,
            "ref": f"ref-of-{name}@{DIGEST}",
            "contextHash": "hash",
        },
        "random:index/randomId:RandomId": {"hex": "0b0b0b0b"},
        "aws:lb/targetGroup:TargetGroup": {"arnSuffix": f"targetgroup/{physical}/0123456789abcdef"},
        "aws:lb/loadBalancer:LoadBalancer": {
            "arnSuffix": f"app/{physical}/0123456789abcdef",
            "dnsName": f"{physical}.{REGION}.elb.amazonaws.com",
            "zoneId": "Z-OF-THE-LOAD-BALANCER",
        },
        "aws:acm/certificate:Certificate": {"domainValidationOptions": _proofs(inputs)},
        "aws:ec2/eip:Eip": {"allocationId": f"eipalloc-{name}", "publicIp": f"address-of-{name}"},
        "aws:route53/record:Record": {"fqdn": f"{name}.fqdn"},
        "aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 7},
        "aws:ssm/activation:Activation": {"activationCode": "a-code-of-twenty-chars"},
        "aws:sqs/queue:Queue": {"url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{physical}"},
    }
    return computed.get(token, {})


def _proofs(certificate: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return ACM's validation records, unordered: the same record for a name and its wildcard."""
    names = [certificate.get("domainName", ""), *certificate.get("subjectAlternativeNames", ())]
    return [
        {
            "domainName": name,
            "resourceRecordName": "_proof.example.com."
            if _host(name) == names[0]
            else f"_other.{_host(name)}.",
            "resourceRecordType": "CNAME",
            "resourceRecordValue": "_value.acm-validations.aws.",
        }
        for name in reversed(names)
    ]


def _host(name: str) -> str:
    return name.removeprefix("*.")


def _vpc(name: str, inputs: Mapping[str, Any], *, dry_run: bool) -> Made:
    zones = inputs["availabilityZoneNames"]
    urn = "urn:pulumi:dev::node-on-ecs::awsx:ec2:Vpc$aws:ec2"
    children: dict[str, dict[str, Any]] = {}

    def child(token: str, child_name: str) -> dict[str, Any]:
        child_urn = f"{urn}/{token}::{child_name}"
        # A preview knows the children, but not their ids.
        identifier = "" if dry_run else f"{child_name}-{token.partition(':')[2]}-id"
        children[child_urn] = {"id": identifier}
        return {
            "4dabf18193072939515e22adb298388d": "5cf8f73096256a8f31e491e813e4eb8e",
            "urn": child_urn,
            "id": identifier,
            "packageVersion": "7.51.1",
        }

    def known(identifier: str) -> str:
        return UNKNOWN if dry_run else identifier

    kinds = ("public", "private")
    return Made(
        "",
        {
            "vpcId": known(f"{name}-vpc-id"),
            "publicSubnetIds": [known(f"{name}-public-{number}-id") for number, _ in enumerate(zones, 1)],
            "privateSubnetIds": [known(f"{name}-private-{number}-id") for number, _ in enumerate(zones, 1)],
            "natGateways": [],
            "internetGateway": child("internetGateway:InternetGateway", name),
            "routeTables": [
                child("routeTable:RouteTable", f"{name}-{kind}-{number}")
                for number, _ in enumerate(zones, 1)
                for kind in kinds
            ],
        },
        children,
    )


_FUNCTIONS: dict[str, Callable[[FakeCloud, Mapping[str, Any]], dict[str, Any]]] = {
    # The last digit of an id stands for the zone.
    "aws:ec2/getSubnet:getSubnet": lambda _, arguments: {
        "availabilityZone": ZONES[int(arguments["id"][-1], 16) % len(ZONES)],
        "id": arguments["id"],
    },
    "aws:index/getAvailabilityZones:getAvailabilityZones": FakeCloud._get_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": lambda _, __: {"accountId": ACCOUNT, "id": ACCOUNT},
    "aws:index/getPartition:getPartition": lambda _, __: {"partition": "aws", "id": "aws"},
    "aws:ssm/getParameter:getParameter": lambda _, arguments: {
        "insecureValue": f"ami-from-{arguments['name']}",
        "id": arguments["name"],
    },
    "aws:ssm/getParametersByPath:getParametersByPath": FakeCloud._get_bootstrapped,
    "aws:route53/getZone:getZone": lambda _, arguments: {"zoneId": f"Z-OF-{arguments['name']}", "id": "zone"},
    "aws:lb/getListener:getListener": lambda _, arguments: {
        "arn": arguments["arn"],
        "loadBalancerArn": "/".join(arguments["arn"].replace(":listener/", ":loadbalancer/").split("/")[:-1]),
        "protocol": "HTTPS",
        "port": 443,
        "id": arguments["arn"],
    },
    "aws:lb/getLoadBalancer:getLoadBalancer": lambda _, arguments: {
        "arn": arguments["arn"],
        "arnSuffix": arguments["arn"].partition(":loadbalancer/")[2],
        "dnsName": "existing.elb.amazonaws.com",
        "zoneId": "Z-OF-THE-EXISTING-ONE",
        "vpcId": "vpc-01234567",
        "securityGroups": ["sg-0b", "sg-0a"],
        "id": arguments["arn"],
    },
    "aws:secretsmanager/getSecret:getSecret": lambda _, arguments: {
        "arn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{arguments['name']}-AbCdEf",
        "id": "secret",
    },
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": lambda _, __: {
        "userName": "AWS",
        "password": "a-password-of-twelve-hours",
        "id": "token",
    },
    "aws:ecr/getRepository:getRepository": lambda _, arguments: {
        "repositoryUrl": f"{REGISTRY}/{arguments['name']}",
        "arn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{arguments['name']}",
        "registryId": ACCOUNT,
        "id": arguments["name"],
    },
    "aws:ecr/getImage:getImage": lambda _, arguments: {
        "imageDigest": arguments.get("imageDigest", DIGEST),
        "id": "image",
    },
    "docker:index/getRegistryImage:getRegistryImage": lambda _, arguments: {
        "sha256Digest": DIGEST,
        "name": arguments["name"],
        "id": "image",
    },
}
