"""The resources that the program declares for a stack, found without a cloud.

The program runs as in a preview, on the mocks of Pulumi's SDK. What only AWS knows (zones, the account, a
hosted zone) is answered in the same form, so that no account, no credentials and no Pulumi CLI are needed.
"""

from __future__ import annotations

import asyncio
import runpy
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi.output import Unknown
from pulumi.runtime import set_all_config
from pulumi.runtime.mocks import MockCallArgs, MockEngine, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.settings import Settings, configure, reset_options
from pulumi.runtime.stack import run_in_stack

from automation.cost.resources import Resource, Stack
from automation.errors import AutomationError
from automation.stack_files import StackConfig, read_config
from automation.stacks.lean_sdk import lean_sdk
from automation.stacks.stacks import ROOT, settings_of

_VPC: Final = "awsx:ec2:Vpc"
_LOAD_BALANCER: Final = "aws:lb/loadBalancer:LoadBalancer"
_ACCOUNT: Final = "000000000000"
_ZONES: Final = "abcdef"
_PLANNED: Final = "planned"
_DIGEST: Final = f"sha256:{'0' * 64}"
_NAMED: Final = (
    "aws:ecs/cluster:Cluster",
    "aws:ecs/service:Service",
    "aws:ecs/capacityProvider:CapacityProvider",
    "aws:autoscaling/group:Group",
    "aws:cloudwatch/logGroup:LogGroup",
)
"""Autoscaling finds its service by these names, strategies their capacity; AWS chooses the end of them."""
_ANSWERED: Final[Mapping[str, Mapping[str, str]]] = {
    "aws:ecr/repository:Repository": {"repositoryUrl": _PLANNED},
    "docker-build:index:Image": {"digest": _DIGEST, "ref": f"{_PLANNED}@{_DIGEST}"},
    "aws:ec2/eip:Eip": {"allocationId": _PLANNED},
    "aws:lb/loadBalancer:LoadBalancer": {"zoneId": _PLANNED},
}
"""Outputs by which others are known: the containers of a task, the addresses of a load balancer."""


def plan(name: str, root: Path = ROOT) -> Stack:
    """Return what the program declares for a stack's configuration.

    Raises:
        AutomationError: the stack has no file, its configuration is wrong, or the program asks for something
            that has no answer here.
    """
    config = read_config(root, name)
    cloud = _Cloud(config.project, config.region, config.values.get(f"{config.project}:vpc-id", _PLANNED))
    try:
        with chdir(root), lean_sdk():
            asyncio.run(_run(config, cloud))
    except pulumi.RunError as error:
        raise AutomationError(str(error)) from error
    finally:
        reset_options()
    # The program has checked them.
    settings = settings_of(name, root)
    return Stack(
        name,
        config.region,
        tuple(cloud.resources),
        monthly_budget_usd=settings.monthly_budget_usd,
        most_vcpus=settings.most_vcpus,
    )


async def _run(config: StackConfig, cloud: _Cloud) -> None:
    # A failure is reported once, by the program's end.
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    reset_options()
    set_all_config(dict(config.values), config.secret_keys)
    configure(
        Settings(
            project=config.project,
            stack=config.stack,
            monitor=MockMonitor(cloud),
            engine=MockEngine(None),
            # Hooks and checks of a deployment do not run in a preview.
            dry_run=True,
            organization="organization",
            root_directory=str(Path.cwd()),
        )
    )

    def program() -> None:
        runpy.run_path("__main__.py", run_name="__main__")

    await run_in_stack(program)


class _Cloud(Mocks):
    """Answers as AWS would in a preview, and keeps what is declared; called on several threads at once."""

    def __init__(self, project: str, region: str, vpc_id: str) -> None:
        self.resources: list[Resource] = []
        self._project = project
        self._region = region
        self._vpc_id = vpc_id
        """Where what others own is: a stack that uses a load balancer of theirs is in its network."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Keep a resource that the stack has to pay for; return what a preview knows of it."""
        given: Any = args
        inputs: dict[str, Any] = given.inputs
        known = {key: value for key, value in inputs.items() if not isinstance(value, Unknown | None)}
        if args.custom is None:
            # It is only read: another stack pays for it.
            return args.resource_id, known
        if not args.custom:
            return None, self._declare_component(args, known)
        if args.typ.startswith("pulumi:"):
            return "", known
        # Services find their task definition by its ARN.
        known.setdefault("arn", f"arn:{_PLANNED}:{args.typ}:{args.name}")
        known["id"] = f"{_PLANNED}-{args.name}"
        if args.typ in _NAMED:
            known.setdefault("name", args.name)
        known |= _ANSWERED.get(args.typ, {})
        if args.typ == _LOAD_BALANCER:
            # Records lead to it by this name.
            known["dnsName"] = known["id"]
        self.resources.append(Resource(type=args.typ, name=args.name, properties=known))
        return known["id"], known

    def call(self, args: MockCallArgs) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride] -- the SDK takes either
        """Answer a provider's function."""
        asked: Any = args
        answer = _answers(self._region, self._vpc_id, asked.args).get(args.token)
        if answer is None:
            raise AutomationError(
                f"the program calls {args.token}, which has no answer without an account: give it one in "
                "automation/cost/plan.py"
            )
        return answer

    def _declare_component(self, args: MockResourceArgs, known: dict[str, Any]) -> dict[str, Any]:
        if args.typ == _VPC:
            return self._declare_vpc(args.name, known)
        if not args.typ.startswith(f"{self._project}:"):
            raise AutomationError(
                f"{args.typ} {args.name}: nothing here knows what this component consists of; say it in "
                "automation/cost/plan.py"
            )
        return known

    def _declare_vpc(self, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Declare what awsx makes of a VPC and AWS charges for or anybody looks for: gateways and subnets."""
        zones: list[str] = inputs["availabilityZoneNames"]
        gateways = {"None": 0, "Single": 1, "OnePerAz": len(zones)}[inputs["natGateways"]["strategy"]]

        def declare(token: str, logical: str, **properties: Any) -> None:
            self.resources.append(Resource(type=f"aws:ec2/{token}", name=logical, properties=properties))

        declare("vpc:Vpc", name, id=_PLANNED, cidrBlock=inputs["cidrBlock"])
        declare("internetGateway:InternetGateway", name, vpcId=_PLANNED)
        subnets: dict[str, list[str]] = {}
        for spec in inputs["subnetSpecs"]:
            kind = str(spec["type"]).lower()
            subnets[kind] = [f"{_PLANNED}-{kind}-{zone}" for zone in zones]
            for number, (zone, cidr) in enumerate(zip(zones, spec["cidrBlocks"], strict=True), 1):
                declare(
                    "subnet:Subnet",
                    f"{name}-{kind}-{number}",
                    id=subnets[kind][number - 1],
                    availabilityZone=zone,
                    cidrBlock=cidr,
                    tags={"SubnetType": spec["type"]},
                )
        for number in range(1, gateways + 1):
            declare("eip:Eip", f"{name}-{number}")
            public = subnets["public"][number - 1]
            declare("natGateway:NatGateway", f"{name}-{number}", subnetId=public)
        return {"vpcId": _PLANNED, **{f"{kind}SubnetIds": ids for kind, ids in subnets.items()}}


def _answers(region: str, vpc_id: str, asked: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the program uses of the answers of the provider's functions, by token."""
    name = str(asked.get("name", ""))
    repository = {"name": name, "arn": f"arn:{_PLANNED}:{name}", "repositoryUrl": f"{_PLANNED}/{name}"}
    return {
        "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": [f"{region}{z}" for z in _ZONES]},
        "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": _ACCOUNT},
        "aws:index/getPartition:getPartition": {"partition": "aws"},
        "aws:ec2/getSubnet:getSubnet": {
            "id": asked.get("id"),
            "vpcId": vpc_id,
            "availabilityZone": f"{region}a",
        },
        "aws:ec2/getSubnets:getSubnets": {"ids": [f"{_PLANNED}-{zone}" for zone in _ZONES]},
        "aws:ecs/getCluster:getCluster": {
            "clusterName": asked.get("clusterName"),
            "arn": f"arn:{_PLANNED}:cluster/{asked.get('clusterName')}",
        },
        "aws:efs/getFileSystem:getFileSystem": {
            "fileSystemId": asked.get("fileSystemId"),
            "arn": f"arn:{_PLANNED}:file-system/{asked.get('fileSystemId')}",
        },
        "aws:lb/getListener:getListener": {
            "arn": asked.get("arn"),
            "loadBalancerArn": f"arn:{_PLANNED}:loadbalancer",
            "port": 443,
            "protocol": "HTTPS",
        },
        "aws:lb/getLoadBalancer:getLoadBalancer": {
            "arn": asked.get("arn"),
            "arnSuffix": _PLANNED,
            "dnsName": _PLANNED,
            "zoneId": _PLANNED,
            "vpcId": vpc_id,
            "internal": False,
            "loadBalancerType": "application",
            "ipAddressType": "ipv4",
            "securityGroups": [_PLANNED],
        },
        # As if bootstrap/ had been run: what it makes is what a stack is to be reckoned with.
        "aws:ssm/getParametersByPath:getParametersByPath": {
            "names": ["/log-bucket", "/log-key-arn", "/topic-arn"],
            "values": [
                "bootstrap-logs",
                f"arn:{_PLANNED}:key",
                f"arn:{_PLANNED}:sns:{region}:{_ACCOUNT}:bootstrap-alarms",
            ],
        },
        "aws:ssm/getParameter:getParameter": {"name": name, "insecureValue": _PLANNED},
        "aws:route53/getZone:getZone": {"zoneId": _PLANNED, "name": name},
        "aws:ecr/getAuthorizationToken:getAuthorizationToken": {"userName": "AWS", "password": _PLANNED},
        "aws:ecr/getRepository:getRepository": {"registryId": _ACCOUNT, **repository},
        "aws:ecr/getImage:getImage": {"imageDigest": _DIGEST},
        "aws:secretsmanager/getSecret:getSecret": {"name": name, "arn": f"arn:{_PLANNED}:{name}"},
        "docker:index/getRegistryImage:getRegistryImage": {"name": name, "sha256Digest": _DIGEST},
    }
