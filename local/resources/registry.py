"""Every resource type, function and component that the local run supports, by Pulumi's token.

Modules are imported when one of their types is first used: a run that fails early loads none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Any, Final, Generic, TypeVar

from local.resources.base import Handler, Properties
from local.resources.cloud import Cloud
from local.resources.row import Row
from local.resources.table import ROWS

_T = TypeVar("_T")

Invoke = Callable[[Cloud, Properties], Properties]
Constructor = Callable[..., Properties]


class Registry(Mapping[str, _T], Generic[_T]):
    """Values by token, created when first used."""

    def __init__(self, entries: Mapping[str, Any], create: Callable[[Any], _T]) -> None:
        """Create the value of a token from its entry by `create`."""
        self._entries = entries
        self._create = create
        self._created: dict[str, _T] = {}

    def __getitem__(self, token: str) -> _T:
        if token not in self._created:
            self._created[token] = self._create(self._entries[token])
        return self._created[token]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def _load(entry: str) -> Any:
    module, _, name = entry.partition(":")
    return getattr(import_module(f"local.resources.{module}"), name)


def _handler(entry: Row | str) -> Handler:
    if isinstance(entry, str):
        return _load(entry)()
    usual = "row_handler:RowHandler" if entry.read else "recorded:Recorded"
    return _load(entry.handler or usual)(entry)


HANDLERS: Final[Mapping[str, Handler]] = Registry(
    {
        **ROWS,
        "docker-build:index:Image": "docker_build:Image",
        "random:index/randomId:RandomId": "random:RandomId",
    },
    _handler,
)
"""The handler of each resource type: of a row of the table, or a class of its own module."""


def _invoke(entry: tuple[str, str] | str) -> Invoke:
    if isinstance(entry, str):
        return _load(f"invokes:{entry}")
    token, argument = entry
    return partial(_load("invokes:look_up"), HANDLERS[token], argument)


INVOKES: Final[Mapping[str, Invoke]] = Registry(
    {
        "aws:ec2/getSubnet:getSubnet": ("aws:ec2/subnet:Subnet", "id"),
        "aws:ecr/getAuthorizationToken:getAuthorizationToken": "get_authorization_token",
        "aws:ecr/getImage:getImage": "get_image",
        "aws:ecr/getRepository:getRepository": "get_repository",
        "aws:index/getAvailabilityZones:getAvailabilityZones": "get_availability_zones",
        "aws:index/getCallerIdentity:getCallerIdentity": "get_caller_identity",
        "aws:index/getPartition:getPartition": "get_partition",
        "aws:lb/getListener:getListener": ("aws:lb/listener:Listener", "arn"),
        "aws:lb/getLoadBalancer:getLoadBalancer": ("aws:lb/loadBalancer:LoadBalancer", "arn"),
        "aws:route53/getZone:getZone": "get_zone",
        "aws:secretsmanager/getSecret:getSecret": "get_secret",
        "aws:ssm/getParameter:getParameter": "get_parameter",
        "aws:ssm/getParametersByPath:getParametersByPath": "get_parameters_by_path",
        "docker:index/getRegistryImage:getRegistryImage": "get_registry_image",
    },
    _invoke,
)
"""The function behind each provider function, or a resource type and the argument with its id."""

CONSTRUCTORS: Final[Mapping[str, Constructor]] = Registry({"awsx:ec2:Vpc": "awsx:construct_vpc"}, _load)
"""The function that declares the children of each remote component."""
