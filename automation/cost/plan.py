"""The resources that the program declares for a stack, found without an AWS account and the Pulumi CLI.

The program runs as in a preview, on the mocks of Pulumi's SDK. Functions of providers (availability zones,
the account, a hosted zone) return placeholders of the same form.
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
_OUTPUTS: Final[Mapping[str, Mapping[str, str]]] = {
    "aws:ecr/repository:Repository": {"repositoryUrl": _PLANNED},
    "docker-build:index:Image": {"digest": _DIGEST, "ref": f"{_PLANNED}@{_DIGEST}"},
    "aws:ec2/eip:Eip": {"allocationId": _PLANNED},
    "aws:lb/loadBalancer:LoadBalancer": {"zoneId": _PLANNED},
}
"""Outputs that a preview does not know, and that inputs of other resources are made of."""


def plan(name: str, root: Path = ROOT) -> Stack:
    """Return the resources that the program declares for a stack.

    Raises:
        AutomationError: the stack has no file, its configuration is invalid, or the program calls a function
            without a placeholder here.
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
    # The program has validated them.
    settings = settings_of(name, root)
    return Stack(
        name,
        config.region,
        tuple(cloud.resources),
        monthly_budget_usd=settings.monthly_budget_usd,
        most_vcpus=settings.most_vcpus,
    )


async def _run(config: StackConfig, cloud: _Cloud) -> None:
    # The program's failure is reported once, when it ends.
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    reset_options()
    set_all_config(dict(config.values), config.secret_keys)
    configure(
        Settings(
            project=config.project,
            stack=config.stack,
            monitor=MockMonitor(cloud),
            engine=MockEngine(None),
            # In a preview no hooks and no checks of a deployment run.
            dry_run=True,
            organization="organization",
            root_directory=str(Path.cwd()),
        )
    )

    def program() -> None:
        runpy.run_path("__main__.py", run_name="__main__")

    await run_in_stack(program)


class _Cloud(Mocks):
    """Records the declared resources, and returns placeholders; called on several threads at once."""

    def __init__(self, project: str, region: str, vpc_id: str) -> None:
        self.resources: list[Resource] = []
        self._project = project
        self._region = region
        self._vpc_id = vpc_id
        """The VPC of existing resources, such as a load balancer that the stack uses."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Record a resource that the stack pays for; return its id and outputs."""
        request: Any = args
        inputs: dict[str, Any] = request.inputs
        known = {key: value for key, value in inputs.items() if not isinstance(value, Unknown | None)}
        if args.custom is None:
            # An existing resource is only read: another stack pays for it.
            return args.resource_id, known
        if not args.custom:
            return None, self._declare_component(args, known)
        if args.typ.startswith("pulumi:"):
            return "", known
        # Other resources refer to it by ARN, id or name; on AWS a name has a random suffix.
        known.setdefault("arn", f"arn:{_PLANNED}:{args.typ}:{args.name}")
        known.setdefault("name", args.name)
        known["id"] = f"{_PLANNED}-{args.name}"
        known |= _OUTPUTS.get(args.typ, {})
        if args.typ == _LOAD_BALANCER:
            # DNS records refer to it by this name.
            known["dnsName"] = known["id"]
        self.resources.append(Resource(type=args.typ, name=args.name, properties=known))
        return known["id"], known

    def call(self, args: MockCallArgs) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride] -- the SDK takes either
        """Return the result of a provider's function."""
        request: Any = args
        outputs = _outputs(self._region, self._vpc_id, request.args).get(args.token)
        if outputs is None:
            raise AutomationError(
                f"the program calls {args.token}, which has no answer without an account: add one to "
                "automation/cost/plan.py"
            )
        return {**request.args, **outputs}

    def _declare_component(self, args: MockResourceArgs, known: dict[str, Any]) -> dict[str, Any]:
        if args.typ == _VPC:
            return self._declare_vpc(args.name, known)
        if not args.typ.startswith(f"{self._project}:"):
            raise AutomationError(
                f"{args.typ} {args.name}: the resources of this component are unknown; declare them in "
                "automation/cost/plan.py"
            )
        return known

    def _declare_vpc(self, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Record the resources of awsx's VPC that are billed or drawn: subnets and gateways."""
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


def _outputs(region: str, vpc_id: str, args: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the outputs of providers' functions that the program uses beside the arguments, by token."""
    name = str(args.get("name", ""))
    return {
        "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": [f"{region}{z}" for z in _ZONES]},
        "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": _ACCOUNT},
        "aws:index/getPartition:getPartition": {"partition": "aws"},
        "aws:ec2/getSubnet:getSubnet": {"vpcId": vpc_id, "availabilityZone": f"{region}a"},
        "aws:ec2/getSubnets:getSubnets": {"ids": [f"{_PLANNED}-{zone}" for zone in _ZONES]},
        "aws:ecs/getCluster:getCluster": {"arn": f"arn:{_PLANNED}:cluster/{args.get('clusterName')}"},
        "aws:efs/getFileSystem:getFileSystem": {
            "arn": f"arn:{_PLANNED}:file-system/{args.get('fileSystemId')}"
        },
        "aws:lb/getListener:getListener": {
            "loadBalancerArn": f"arn:{_PLANNED}:loadbalancer",
            "port": 443,
            "protocol": "HTTPS",
        },
        "aws:lb/getLoadBalancer:getLoadBalancer": {
            "arnSuffix": _PLANNED,
            "dnsName": _PLANNED,
            "zoneId": _PLANNED,
            "vpcId": vpc_id,
            "internal": False,
            "loadBalancerType": "application",
            "ipAddressType": "ipv4",
            "securityGroups": [_PLANNED],
        },
        # As after bootstrap/: what it shares with stacks, such as the log bucket, is part of the estimate.
        "aws:ssm/getParametersByPath:getParametersByPath": {
            "names": ["/log-bucket", "/log-key-arn", "/topic-arn"],
            "values": [
                "bootstrap-logs",
                f"arn:{_PLANNED}:key",
                f"arn:{_PLANNED}:sns:{region}:{_ACCOUNT}:bootstrap-alarms",
            ],
        },
        "aws:ssm/getParameter:getParameter": {"insecureValue": _PLANNED},
        "aws:route53/getZone:getZone": {"zoneId": _PLANNED},
        "aws:ecr/getAuthorizationToken:getAuthorizationToken": {"userName": "AWS", "password": _PLANNED},
        "aws:ecr/getRepository:getRepository": {
            "registryId": _ACCOUNT,
            "arn": f"arn:{_PLANNED}:{name}",
            "repositoryUrl": f"{_PLANNED}/{name}",
        },
        "aws:ecr/getImage:getImage": {"imageDigest": _DIGEST},
        "aws:secretsmanager/getSecret:getSecret": {"arn": f"arn:{_PLANNED}:{name}"},
        "docker:index/getRegistryImage:getRegistryImage": {"sha256Digest": _DIGEST},
    }
