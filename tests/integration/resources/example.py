"""Examples of resource types for the life-cycle test."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.resources.base import Properties
from local.resources.cloud import Cloud
from local.resources.registry import HANDLERS


@dataclass(frozen=True)
class Made:
    """A resource that exists in the emulator."""

    token: str
    label: str
    urn: str
    id: str
    inputs: Properties
    """As checked."""
    outputs: Properties


@dataclass
class Workbench:
    """Creates the resources that a test needs, and deletes them at the end."""

    cloud: Cloud
    name: str
    """Unique for each test: use it for names that must be unique."""
    made: list[Made] = field(default_factory=list)
    checks: int = 0

    def checked(
        self, token: str, inputs: Properties, name: str | None = None, old: Properties | None = None
    ) -> Properties:
        """Return checked inputs; without old ones, with another automatic name each time."""
        self.checks += 1
        handler, seed = HANDLERS[token], f"{self.checks:07x}"
        return handler.check(self.cloud, name=name or self.name, old=old, new=inputs, random_hex=seed)

    def make(self, token: str, inputs: Properties, name: str | None = None) -> Made:
        """Create a resource, which is deleted when the test ends."""
        label = name or f"{self.name}-{len(self.made)}"
        urn = f"urn:pulumi:test::node-on-ecs::{token}::{label}"
        checked = self.checked(token, inputs, label)
        handler = HANDLERS[token]
        identifier = handler.create(self.cloud, urn=urn, inputs=checked)
        outputs = handler.read(self.cloud, id=identifier, inputs=checked)
        assert outputs is not None, f"{token} {identifier} cannot be read after its creation"
        self.made.append(Made(token, label, urn, identifier, checked, outputs))
        return self.made[-1]

    def clear(self) -> None:
        """Delete everything: the resource under test, then what it needed, last one first."""
        subjects = [item for item in self.made if item.label == self.name]
        needed = [item for item in self.made if item.label != self.name]
        for item in [*subjects, *reversed(needed)]:
            HANDLERS[item.token].delete(self.cloud, id=item.id, outputs=item.outputs)


def made_id(made: Made) -> str:
    return made.id


def by_aws(service: str, operation: str, /, **arguments: Any) -> Callable[[Cloud, Made], object]:
    """Return a manual change with boto3; a function makes its argument from the resource."""

    def change(cloud: Cloud, made: Made) -> None:
        values = {name: value(made) if callable(value) else value for name, value in arguments.items()}
        getattr(cloud.client(service), operation)(**values)

    return change


def eventually(result: Callable[[], Any], *, seconds: float = 90) -> Any:
    """Return the first result that is true."""
    end = time.monotonic() + seconds
    while not (value := result()):
        assert time.monotonic() < end, f"it did not happen within {seconds:g} s"
        time.sleep(0.2)
    return value


def one_by_one(**values: object) -> tuple[Properties, ...]:
    """Return a step for each property."""
    return tuple({key: value} for key, value in values.items())


@dataclass(frozen=True)
class Example:
    """A resource type in one of its forms.

    The life-cycle test takes each step in turn: its properties replace those of the same name, None removes
    one, and a function creates the value on the bench. The test uses `EXAMPLES` of each `examples_*.py`
    beside this file.
    """

    token: str
    inputs: Callable[[Workbench], Properties]
    """The program's inputs; resources that they refer to are created on the bench."""
    changes: tuple[Properties, ...] = ()
    """Steps that change it in place."""
    replacements: tuple[Properties, ...] = ()
    """Steps that replace it."""
    by_hand: Mapping[str, Callable[[Cloud, Made], object]] = field(default_factory=dict)
    """Manual changes with boto3, by the property in which a refresh shows them."""
    outputs: tuple[str, ...] = ()
    """Outputs that it must have beside those of its row."""
    survives: bool = False
    """Whether it still exists after `delete` (a VPC's default security group)."""
