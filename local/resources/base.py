"""The interface of a resource type: check, diff, create, read, update, delete, find."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Final

from local.errors import LocalError
from local.resources.cloud import Cloud
from local.resources.comparison import normal

Properties = dict[str, Any]
Names = tuple[str, ...]
"""Names of properties."""


class Unknown:
    """A value that is known only after an update; `UNKNOWN` is the only instance."""

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN: Final = Unknown()


class ResourceError(LocalError):
    """A resource could not be created, updated, read or deleted; the message says why and what to do."""


class UnfinishedError(ResourceError):
    """A resource was created or updated, but not as configured, such as a service that is not steady.

    Raised by `create` and `update`. As with the official provider (Pulumi's `ErrorResourceInitFailed`), the
    state keeps this error and the configured values as outputs: the next update with the same inputs calls
    nothing, and a refresh reads the real values.
    """

    def __init__(self, message: str, identifier: str) -> None:
        super().__init__(message)
        self.identifier = identifier


@dataclass(frozen=True)
class Diff:
    """Which properties differ, and which of them require replacement."""

    changed: Names = ()
    replace: Names = ()


class Handler(ABC):
    """Manages the resources of one type.

    `create`, `update` and `delete` get plain JSON values without unknowns or secrets; `check` and `diff`
    may get `UNKNOWN` in a preview. Whole numbers arrive as int. Property names are Pulumi's (camelCase).
    """

    token: str
    """Pulumi's type token, such as `aws:ecs/cluster:Cluster`."""
    force_new: frozenset[str]
    """Properties whose change requires replacement."""
    in_place: frozenset[str]
    """Properties that can be changed in place; `check` refuses properties of neither kind."""
    creation_only: frozenset[str] = frozenset()
    """Properties that only `create` and `delete` use; a change is recorded and calls nothing."""
    name_property: str | None = None
    """Property that gets the logical name with a random suffix when the program sets none."""
    name_max_length: int = 255
    tagged: bool = False
    """Whether the provider's default tags are merged into `tags` and `tagsAll`."""
    delete_before_replace: bool = False
    """Whether the old resource is deleted first, because AWS does not allow both."""
    known_after_update: frozenset[str] = frozenset()
    """Outputs that an update in place changes: unknown in its preview."""

    def check(
        self, cloud: Cloud, *, name: str, old: Properties | None, new: Properties, random_hex: str
    ) -> Properties:
        """Return `new` with automatic name and default tags; the name in `old` is kept.

        Args:
            cloud: the emulator.
            name: the logical name.
            old: the inputs in the state, if there are any.
            new: the program's inputs.
            random_hex: at least 7 hexadecimal characters for an automatic name.

        Raises:
            ResourceError: a property that this handler does not support, or a name that is too long.
        """
        checked = self.prepare(cloud, name=name, old=old or {}, new=dict(new))
        key = self.name_property
        if key is not None and checked.get(key) is None:
            if old is not None and old.get(key) is not None:
                checked[key] = old[key]
            else:
                checked[key] = f"{name}-{random_hex[:7]}"
                if len(checked[key]) > self.name_max_length:
                    raise ResourceError(
                        f"name {checked[key]!r} has {len(checked[key])} characters, {self.token} allows "
                        f"{self.name_max_length}: give it a shorter logical name or a `{key}`",
                    )
        if self.tagged and not isinstance(checked.get("tags"), Unknown):
            checked["tags"] = {**cloud.default_tags, **(checked.get("tags") or {})}
        supported = self.force_new | self.in_place | self.creation_only
        unsupported = sorted(
            key
            for key, value in checked.items()
            if key not in supported and not self.is_same(key, None, value)
        )
        if unsupported:
            raise ResourceError(
                f"{self.token}: the local run does not support {', '.join(unsupported)}; leave it out, "
                f"or add it to the handler (it supports {', '.join(sorted(supported))})",
            )
        return checked

    def prepare(self, cloud: Cloud, *, name: str, old: Properties, new: Properties) -> Properties:
        """Return `new` with the defaults of this type.

        Raises:
            ResourceError: the local run, or AWS, would refuse `new`.
        """
        del cloud, name, old
        return new

    def diff(self, old: Properties, new: Properties) -> Diff:
        """Compare checked inputs."""
        keys = sorted(old.keys() | new.keys())
        changed = tuple(key for key in keys if not self.is_same(key, old.get(key), new.get(key)))
        return Diff(changed=changed, replace=tuple(key for key in changed if key in self.force_new))

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """Whether two values of a property are the same to the provider; None, zero, false and empty are."""
        del key
        return (
            not isinstance(old, Unknown) and not isinstance(new, Unknown) and bool(normal(old) == normal(new))
        )

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """Return the id of the resource that an interrupted run created for this URN, if any.

        By the tag with the URN, or by a natural key; never a resource in the state (`cloud.is_known`).
        """
        del cloud, urn, inputs
        return None

    @abstractmethod
    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Create it, wait until it is ready, and return its id."""

    @abstractmethod
    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return all current outputs in the form of the inputs; None if it does not exist.

        `inputs` supply what AWS does not return (a password, `forceDelete`); they are empty for an import.
        """

    @abstractmethod
    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Change the properties `changed` in place; `old` are outputs, `new` checked inputs."""

    @abstractmethod
    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it and wait until it is deleted; a missing resource is not an error."""
