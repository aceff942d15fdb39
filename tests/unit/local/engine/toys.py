"""A cloud that lives in a dictionary, so that the engine can be tested without any emulator."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pulumi

from local.engine.catalogue import Catalogue
from local.engine.deployment import Deployment, Target
from local.engine.events import Event
from local.engine.state import Checkpoint
from local.resources.base import Handler, Properties, ResourceError
from local.resources.cloud import Cloud
from local.resources.construct import Registrar, ResourceReference


@dataclass
class World:
    """What exists, and what was asked of it."""

    things: dict[str, Properties] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    """Labels that nothing can be done with, or what fails with one of them (`read label`)."""
    numbers: Any = field(default_factory=itertools.count)
    during: Callable[[str], None] = lambda _call: None

    def call(self, verb: str, label: str) -> None:
        self.calls.append(f"{verb} {label}")
        self.during(f"{verb} {label}")
        if label in self.broken or f"{verb} {label}" in self.broken:
            raise ResourceError(f"{label} is broken")


class Thing(Handler):
    """`toy:index:Thing`: `label`, `size` (in place), `place` (forces a new one)."""

    token = "toy:index:Thing"
    force_new: ClassVar[Mapping[str, str]] = {"place": "a test's rule"}
    in_place = frozenset({"label", "name", "needs", "password", "size", "tags"})
    settled_at_creation = frozenset({"forceDelete"})
    name_property = "name"
    name_max_length = 40
    renewed_by_update = frozenset({"version"})

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
        self.world.during(f"created {inputs['label']}")
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

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        self.world.call("delete", outputs["label"])
        self.world.things.pop(id, None)


class Solo(Thing):
    """A thing of which there cannot be two at once."""

    token = "toy:index:Solo"
    delete_before_replace = True


class ThingResource(pulumi.CustomResource):
    address: pulumi.Output[str]
    version: pulumi.Output[int]
    size: pulumi.Output[int]
    name: pulumi.Output[str]

    def __init__(
        self, name: str, opts: pulumi.ResourceOptions | None = None, *, solo: bool = False, **props: Any
    ) -> None:
        outputs = {"address": None, "version": None, "name": None, "size": None}
        token = Solo.token if solo else Thing.token
        super().__init__(token, name, {**outputs, "label": name, **props}, opts)

    @classmethod
    def get_thing(cls, name: str, identifier: str) -> ThingResource:
        """A thing that exists and that nobody here has made."""
        return cls(name, pulumi.ResourceOptions(id=identifier))


class PairResource(pulumi.ComponentResource):
    """`toy:index:Pair`, which lives in its provider."""

    address: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, **props: Any) -> None:
        super().__init__("toy:index:Pair", name, {"address": None, "first": None, **props}, opts, remote=True)


class ThingProvider(pulumi.ProviderResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, **props: Any) -> None:
        super().__init__("toy", name, props, opts)


def construct_pair(registrar: Registrar, *, name: str, urn: str, inputs: Properties) -> Properties:
    """A remote component with two children, the second of which needs the first."""
    first = registrar.register(Thing.token, f"{name}-first", {"label": f"{name}-first", **inputs}, parent=urn)
    second = registrar.register(
        Thing.token,
        f"{name}-second",
        {"label": f"{name}-second", "needs": first.output("address")},
        parent=first.urn,
    )
    return {
        "address": second.output("address"),
        "first": ResourceReference(first.urn, first.output("id").value),
    }


class Stage:
    """Runs programs against a world, with a state in a folder."""

    def __init__(self, folder: Path, stack: str = "test") -> None:
        self.world = World()
        self.events: list[Event] = []
        self.logs: list[str] = []
        self.target = Target(
            project="toys",
            stack=stack,
            root=folder,
            backend=folder / "backend",
            endpoint="http://127.0.0.1:1",
            passphrase="a passphrase",
        )
        self.catalogue = Catalogue(
            handlers={handler.token: handler(self.world) for handler in (Thing, Solo)},
            invokes={"toy:index:count": lambda _cloud, arguments: {"count": len(arguments["items"])}},
            constructors={"toy:index:Pair": construct_pair},
        )

    def deployment(self, *, dry_run: bool = False) -> Deployment:
        self.events.clear()
        return Deployment(
            self.target,
            self.catalogue,
            dry_run=dry_run,
            listen=self.events.append,
            log=lambda severity, message: self.logs.append(f"{severity}: {message}"),
        )

    def up(self, program: Callable[[], None], *, refresh: bool = False) -> Checkpoint:
        deployment = self.deployment()
        if refresh:
            deployment.refresh()
        return deployment.up(program, {"toys:colour": "red"}, [])

    def preview(self, program: Callable[[], None], *, refresh: bool = False) -> Checkpoint:
        deployment = self.deployment(dry_run=True)
        if refresh:
            deployment.refresh()
        return deployment.up(program, {"toys:colour": "red"}, [])

    def destroy(self, *, unprotect: bool = False) -> Checkpoint:
        return self.deployment().destroy(unprotect=unprotect)

    def steps(self) -> list[str]:
        """What was done to things, without what stayed the same."""
        return sorted(
            f"{event.operation} {event.urn.rsplit('::', 1)[1]}"
            for event in self.events
            if event.phase == "done" and event.type.startswith("toy:") and not event.component
            if event.operation != "same"
        )
