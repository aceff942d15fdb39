"""A cloud in a dictionary and its handlers, to test the provider without an emulator."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any, Final

from local.resources.base import Handler, Properties, ResourceError, UnfinishedError
from local.resources.cloud import Cloud
from local.resources.construct import Child, Register

ENDPOINT: Final = "http://127.0.0.1:1"
"""Nothing listens there."""


@dataclass
class World:
    """The resources that exist, and the calls."""

    things: dict[str, Properties] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    """Labels for which everything fails, or only one step (`read label`, `finish label`)."""
    numbers: Any = field(default_factory=itertools.count)

    def call(self, verb: str, label: str) -> None:
        self.calls.append(f"{verb} {label}")
        if label in self.broken:
            raise ResourceError(f"{label} is broken")


class Thing(Handler):
    """`toy:index:Thing`: `label`, `size` (in place), `place` and `name` (force a new one)."""

    token = "toy:index:Thing"
    force_new = frozenset({"name", "place"})
    in_place = frozenset({"label", "size", "password", "needs", "tags"})
    name_property = "name"
    name_max_length = 40
    known_after_update = frozenset({"version"})

    def __init__(self, world: World) -> None:
        self.world = world

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        found = (
            i for i, t in self.world.things.items() if t["urn"] == urn and not cloud.is_known(self.token, i)
        )
        return next(found, None)

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        self.world.call("create", inputs["label"])
        identifier = f"thing-{next(self.world.numbers)}"
        self.world.things[identifier] = {**inputs, "urn": urn, "version": 1}
        self._finish(identifier, inputs)
        return identifier

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        thing = self.world.things.get(id)
        if thing is None:
            return None
        if f"read {thing['label']}" in self.world.broken:
            raise ResourceError(f"{thing['label']} cannot be read")
        return {**{k: v for k, v in thing.items() if k != "urn"}, "address": f"{id}.toys"}

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        self.world.call("update", new["label"])
        thing = self.world.things[id]
        thing.update({key: new.get(key) for key in changed}, version=thing["version"] + 1)
        self._finish(id, new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        self.world.call("delete", outputs["label"])
        self.world.things.pop(id, None)

    def _finish(self, identifier: str, inputs: Properties) -> None:
        if f"finish {inputs['label']}" in self.world.broken:
            raise UnfinishedError(f"{inputs['label']} is not finished", identifier)


class Solo(Thing):
    """A thing that cannot exist twice at once."""

    token = "toy:index:Solo"
    delete_before_replace = True


def construct_pair(register: Register, *, name: str, urn: str, inputs: Properties) -> Properties:
    """A remote component with two children, the second of which needs the first."""
    first = register(Child(Thing.token, f"{name}-first", {"label": f"{name}-first", **inputs}, urn))
    needs = {"label": f"{name}-second", "needs": first.output("address")}
    second = register(Child(Thing.token, f"{name}-second", needs, first.urn))
    return {"address": second.output("address"), "first": first.reference}


def package(world: World) -> dict[str, Any]:
    """Return the arguments of `Provider` that serve these things."""
    return {
        "package": "toy",
        "handlers": {handler.token: handler(world) for handler in (Thing, Solo)},
        "invokes": {"toy:index:count": lambda _cloud, arguments: {"count": len(arguments["items"])}},
        "constructors": {"toy:index:Pair": construct_pair},
        "endpoint": ENDPOINT,
    }
