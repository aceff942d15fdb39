"""Every resource type, function and component that the local run knows, by Pulumi's token.

Modules are imported when their first type is asked for: a run that fails early loads none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from local.resources.base import Handler, Properties, ResourceError

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_T = TypeVar("_T")

Invoke = Callable[["Cloud", Properties], Properties]
Constructor = Callable[..., Properties]


class UnknownTokenError(ResourceError, KeyError):
    """A token that the local run does not know; a KeyError too, as a mapping raises it."""

    def __str__(self) -> str:
        """Return the message without the quotes that a KeyError adds."""
        return str(self.args[0])


class Registry(Mapping[str, _T], Generic[_T]):
    """What is known, by token, made when it is first asked for."""

    def __init__(self, kind: str, places: Mapping[str, str], make: Callable[[Any], _T]) -> None:
        """Keep where to find things.

        Args:
            kind: what a token names, for the error message.
            places: `<module>:<name>` for each token; modules are those beside this one.
            make: turns what stands there into what is handed out.
        """
        self._kind = kind
        self._places = places
        self._make = make
        self._made: dict[str, _T] = {}

    def __getitem__(self, token: str) -> _T:
        if token not in self._made:
            if token not in self._places:
                raise UnknownTokenError(
                    f"the local run does not know the {self._kind} {token!r}: "
                    f"write it in local/resources/ and list it in local/resources/registry.py",
                )
            module, _, name = self._places[token].partition(":")
            self._made[token] = self._make(getattr(import_module(f"local.resources.{module}"), name))
        return self._made[token]

    def __contains__(self, token: object) -> bool:
        return token in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _as_it_is(thing: Any) -> Any:
    return thing


_HANDLERS: Final = {
    "aws:acm/certificate:Certificate": "acm:Certificate",
    "aws:acm/certificateValidation:CertificateValidation": "acm:CertificateValidation",
    "aws:appautoscaling/policy:Policy": "appautoscaling:Policy",
    "aws:appautoscaling/scheduledAction:ScheduledAction": "appautoscaling:ScheduledAction",
    "aws:appautoscaling/target:Target": "appautoscaling:Target",
    "aws:cloudwatch/logGroup:LogGroup": "logs:LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "alarms:MetricAlarm",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "security_groups:DefaultSecurityGroup",
    "aws:ec2/eip:Eip": "nat:Eip",
    "aws:ec2/internetGateway:InternetGateway": "vpc:InternetGateway",
    "aws:ec2/natGateway:NatGateway": "nat:NatGateway",
    "aws:ec2/route:Route": "routes:Route",
    "aws:ec2/routeTable:RouteTable": "routes:RouteTable",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "routes:RouteTableAssociation",
    "aws:ec2/securityGroup:SecurityGroup": "security_groups:SecurityGroup",
    "aws:ec2/subnet:Subnet": "vpc:Subnet",
    "aws:ec2/vpc:Vpc": "vpc:Vpc",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "ecr_policies:LifecyclePolicy",
    "aws:ecr/repository:Repository": "ecr:Repository",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "ecr_policies:RepositoryPolicy",
    "aws:ecs/cluster:Cluster": "ecs:Cluster",
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": "ecs:ClusterCapacityProviders",
    "aws:ecs/service:Service": "ecs_service:Service",
    "aws:ecs/taskDefinition:TaskDefinition": "ecs_task_definition:TaskDefinition",
    "aws:iam/policy:Policy": "iam_policy:Policy",
    "aws:iam/role:Role": "iam:Role",
    "aws:iam/rolePolicy:RolePolicy": "iam:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "iam:RolePolicyAttachment",
    "aws:lb/listener:Listener": "listeners:Listener",
    "aws:lb/listenerRule:ListenerRule": "listeners:ListenerRule",
    "aws:lb/loadBalancer:LoadBalancer": "load_balancers:LoadBalancer",
    "aws:lb/targetGroup:TargetGroup": "target_groups:TargetGroup",
    "aws:route53/record:Record": "route53:Record",
    "aws:ssm/parameter:Parameter": "ssm:Parameter",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "security_groups:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "security_groups:SecurityGroupIngressRule",
    "docker-build:index:Image": "docker_build:Image",
    "random:index/randomId:RandomId": "random:RandomId",
}

_INVOKES: Final = {
    "aws:ec2/getInternetGateway:getInternetGateway": "invokes:get_internet_gateway",
    "aws:ec2/getRouteTable:getRouteTable": "invokes:get_route_table",
    "aws:ec2/getSubnet:getSubnet": "invokes:get_subnet",
    "aws:ec2/getSubnets:getSubnets": "invokes:get_subnets",
    "aws:ec2/getVpc:getVpc": "invokes:get_vpc",
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": "ecr_invokes:get_authorization_token",
    "aws:ecr/getImage:getImage": "ecr_invokes:get_image",
    "aws:ecr/getRepository:getRepository": "ecr_invokes:get_repository",
    "aws:iam/getPolicyDocument:getPolicyDocument": "policy_document:get_policy_document",
    "aws:index/getAvailabilityZones:getAvailabilityZones": "invokes:get_availability_zones",
    "aws:index/getCallerIdentity:getCallerIdentity": "invokes:get_caller_identity",
    "aws:index/getPartition:getPartition": "invokes:get_partition",
    "aws:index/getRegion:getRegion": "invokes:get_region",
    "aws:route53/getZone:getZone": "invokes:get_zone",
    "docker:index/getRegistryImage:getRegistryImage": "docker:get_registry_image",
}

_CONSTRUCTORS: Final = {
    "awsx:ec2:Vpc": "awsx:construct_vpc",
}


def _instance(handler: type[Handler]) -> Handler:
    return handler()


HANDLERS: Final[Mapping[str, Handler]] = Registry("resource type", _HANDLERS, _instance)
"""What makes, reads, changes and deletes a resource type."""

INVOKES: Final[Mapping[str, Invoke]] = Registry("function", _INVOKES, _as_it_is)
"""What answers a provider function."""

CONSTRUCTORS: Final[Mapping[str, Constructor]] = Registry("remote component", _CONSTRUCTORS, _as_it_is)
"""What declares the children of a component that lives in a provider."""
