"""Every resource type, function and component that the local run knows, by Pulumi's token.

Modules are imported when their first type is asked for: a run that fails early loads none of them.
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
    """What is known, by token, made when it is first asked for."""

    def __init__(self, places: Mapping[str, Any], make: Callable[[Any], _T]) -> None:
        """Keep what `make` makes of the place of each token."""
        self._places = places
        self._make = make
        self._made: dict[str, _T] = {}

    def __getitem__(self, token: str) -> _T:
        if token not in self._made:
            self._made[token] = self._make(self._places[token])
        return self._made[token]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _load(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(f"local.resources.{module}"), name)


def _handler(place: Row | str) -> Handler:
    return _load(place)() if isinstance(place, str) else _load(place.handler)(place)


HANDLERS: Final[Mapping[str, Handler]] = Registry(
    {
        **ROWS,
        "docker-build:index:Image": "docker_build:Image",
        "random:index/randomId:RandomId": "random:RandomId",
    },
    _handler,
)
"""What makes, reads, changes and deletes a resource type: by a row of the table, or a module of its own."""


def _invoke(place: tuple[str, str] | str) -> Invoke:
    if isinstance(place, str):
        return _load(place)
    token, argument = place
    return partial(_load("invokes:look_up"), HANDLERS[token], argument)


INVOKES: Final[Mapping[str, Invoke]] = Registry(
    {
        "aws:ecr/getAuthorizationToken:getAuthorizationToken": "invokes:get_authorization_token",
        "aws:ecr/getImage:getImage": "invokes:get_image",
        "aws:ecr/getRepository:getRepository": "invokes:get_repository",
        "aws:index/getAvailabilityZones:getAvailabilityZones": "invokes:get_availability_zones",
        "aws:index/getCallerIdentity:getCallerIdentity": "invokes:get_caller_identity",
        "aws:index/getPartition:getPartition": "invokes:get_partition",
        "aws:lb/getListener:getListener": ("aws:lb/listener:Listener", "arn"),
        "aws:lb/getLoadBalancer:getLoadBalancer": ("aws:lb/loadBalancer:LoadBalancer", "arn"),
        "aws:route53/getZone:getZone": "invokes:get_zone",
        "aws:secretsmanager/getSecret:getSecret": "invokes:get_secret",
        "aws:ssm/getParameter:getParameter": "invokes:get_parameter",
        "aws:ssm/getParametersByPath:getParametersByPath": "invokes:get_parameters_by_path",
        "docker:index/getRegistryImage:getRegistryImage": "invokes:get_registry_image",
    },
    _invoke,
)
"""What answers a provider function: a function here, or the outputs of the resource whose id it takes."""

CONSTRUCTORS: Final[Mapping[str, Constructor]] = Registry({"awsx:ec2:Vpc": "awsx:construct_vpc"}, _load)
"""What declares the children of a component that lives in a provider."""
