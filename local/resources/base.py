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
    """A value that only exists after an update; there is one, `UNKNOWN`."""

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN: Final = Unknown()


class ResourceError(LocalError):
    """A resource could not be created, updated, read or deleted; the message says why and what to do."""


class UnfinishedError(ResourceError):
    """A resource was created or updated, but is not as requested, such as a service that is not steady.

    Raised by `create` and `update`. The state keeps this error, and outputs with what was asked for, as it
    does when the official provider fails after the call that changed something (Pulumi's
    `ErrorResourceInitFailed`): the next update with the same inputs calls nothing, a refresh reads what is
    there.
    """

    def __init__(self, message: str, identifier: str) -> None:
        super().__init__(message)
        self.identifier = identifier


@dataclass(frozen=True)
class Diff:
    """Which properties differ, and which of them cannot be changed in place."""

    changed: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()


class Handler(ABC):
    """Creates, reads, updates and deletes the resources of one type.

    `create`, `update` and `delete` get plain JSON values without unknowns or secrets; `check` and `diff`
    may meet `UNKNOWN` in a preview. Whole numbers arrive as int. Property names are Pulumi's own (camelCase).
    """

    token: str
    """Pulumi's type token, such as `aws:ecs/cluster:Cluster`."""
    force_new: frozenset[str]
    """Properties whose change requires replacement."""
    in_place: frozenset[str]
    """Properties that can be changed; any other property is an error, never a silent update."""
    settled_at_creation: frozenset[str] = frozenset()
    """Properties that matter to `create` and `delete` alone; their change is recorded and calls nothing."""
    name_property: str | None = None
    """Property that gets the logical name and a random end when the program leaves it out."""
    name_max_length: int = 255
    tagged: bool = False
    """Whether the provider's default tags go into `tags` and `tagsAll`."""
    delete_before_replace: bool = False
    """Whether the old one is deleted before the new one is created: AWS does not allow both."""
    renewed_by_update: frozenset[str] = frozenset()
    """Outputs that an update in place changes: unknown in its preview."""

    def check(
        self, cloud: Cloud, *, name: str, old: Properties | None, new: Properties, random_hex: str
    ) -> Properties:
        """Return `new` with automatic name and default tags; `old` keeps the name that it has.

        Args:
            cloud: the emulator.
            name: the logical name.
            old: the inputs in the state, if there are any.
            new: what the program asks for.
            random_hex: at least 7 hexadecimal characters for an automatic name.

        Raises:
            ResourceError: a property that this handler does not know, or a name that is too long.
        """
        checked = self.fill(cloud, name=name, old=old or {}, new=dict(new))
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
        known = self.force_new | self.in_place | self.settled_at_creation
        unknown = sorted(
            key for key, value in checked.items() if key not in known and not self.same(key, None, value)
        )
        if unknown:
            raise ResourceError(
                f"{self.token}: the local run does not know {', '.join(unknown)}; leave it out, "
                f"or add it to the handler (it knows {', '.join(sorted(known))})",
            )
        return checked

    def fill(self, cloud: Cloud, *, name: str, old: Properties, new: Properties) -> Properties:
        """Return `new` with what this type fills in by itself.

        Raises:
            ResourceError: the local run, or AWS, would not do what it asks for.
        """
        del cloud, name, old
        return new

    def diff(self, old: Properties, new: Properties) -> Diff:
        """Compare checked inputs."""
        keys = sorted(old.keys() | new.keys())
        changed = tuple(key for key in keys if not self.same(key, old.get(key), new.get(key)))
        return Diff(changed=changed, replace=tuple(key for key in changed if key in self.force_new))

    def same(self, key: str, old: Any, new: Any) -> bool:
        """Whether two values mean the same to the provider: nothing, zero, false and empty do."""
        del key
        return (
            not isinstance(old, Unknown) and not isinstance(new, Unknown) and bool(normal(old) == normal(new))
        )

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """Return the id of what an interrupted run made for this URN and the state does not know, if any.

        By the tag that carries the URN, or by a natural key; never what `cloud.is_known`.
        """
        del cloud, urn, inputs
        return None

    @abstractmethod
    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Create it, wait until it is ready, and return its id."""

    @abstractmethod
    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return all outputs as they are now, in the form of the inputs; None when it is gone.

        `inputs` fill in what AWS does not return (a password, `forceDelete`); they are empty for an import.
        """

    @abstractmethod
    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Change the properties `changed` in place; `old` are outputs, `new` checked inputs."""

    @abstractmethod
    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it and wait until it is gone; if it is gone already that is no error."""
