"""Every resource type, function and component that the local run knows, by Pulumi's token.

Modules are imported when their first type is asked for: a run that fails early loads none of them.
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from local.resources.base import Handler, Properties, ResourceError
from local.resources.row import Row
from local.resources.table import LOOKUPS, ROWS

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


class Registry(UserDict[str, Any], Generic[_T]):
    """What is known, by token, made when it is first asked for."""

    def __init__(self, kind: str, places: Mapping[str, Any], make: Callable[[Any], _T]) -> None:
        """Keep what makes things.

        Args:
            kind: what a token names, for the error message.
            places: what `make` needs for each token.
            make: makes a value from it.
        """
        super().__init__(places)
        self._kind = kind
        self._make = make
        self._made: dict[str, _T] = {}

    def __getitem__(self, token: str) -> _T:
        if token not in self.data:
            raise UnknownTokenError(
                f"the local run does not know the {self._kind} {token!r}: "
                f"add it to local/resources/table.py, or as a module to local/resources/registry.py",
            )
        if token not in self._made:
            self._made[token] = self._make(self.data[token])
        return self._made[token]


def _load(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(f"local.resources.{module}"), name)


def _handler(place: Row | str) -> Handler:
    if isinstance(place, str):
        return _load(place)()
    return _load(place.handler or "row_handler:RowHandler")(place)


_HANDLERS: Final = {
    **ROWS,
    "aws:ecs/service:Service": "ecs_service:Service",
    "aws:ecs/taskDefinition:TaskDefinition": "ecs_task_definition:TaskDefinition",
    "docker-build:index:Image": "docker_build:Image",
    "random:index/randomId:RandomId": "random:RandomId",
}
"""Types by a row of the table, or by the module of their handler."""


def _invoke(place: tuple[str, str] | str) -> Invoke:
    if isinstance(place, str):
        return _load(place)
    token, argument = place
    return partial(_load("invokes:look_up"), HANDLERS[token], argument)


_INVOKES: Final = {
    **LOOKUPS,
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": "invokes:get_authorization_token",
    "aws:ecr/getImage:getImage": "invokes:get_image",
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


HANDLERS: Final[Mapping[str, Handler]] = Registry("resource type", _HANDLERS, _handler)
"""What makes, reads, changes and deletes a resource type."""

INVOKES: Final[Mapping[str, Invoke]] = Registry("function", _INVOKES, _invoke)
"""What answers a provider function."""

CONSTRUCTORS: Final[Mapping[str, Constructor]] = Registry("remote component", _CONSTRUCTORS, _load)
"""What declares the children of a component that lives in a provider."""
