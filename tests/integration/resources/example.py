"""How a handler is shown to the contract tests: inputs that it gets, and what may happen to what it makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

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
    """Makes what an example needs, by the handlers themselves, and takes it away at the end."""

    cloud: Cloud
    name: str
    """Different for each test: use it where a name must be one of its own."""
    made: list[Made] = field(default_factory=list)

    def checked(self, token: str, inputs: Properties, name: str | None = None) -> Properties:
        """Return inputs as the engine hands them to `create`."""
        return HANDLERS[token].check(
            self.cloud,
            name=name or self.name,
            old=None,
            new=inputs,
            random_hex="0a1b2c3d",
        )

    def make(self, token: str, inputs: Properties, name: str | None = None) -> Made:
        """Create a resource, which is deleted when the test ends."""
        label = name or f"{self.name}-{len(self.made)}"
        urn = f"urn:pulumi:test::node-on-ecs::{token}::{label}"
        checked = self.checked(token, inputs, label)
        handler = HANDLERS[token]
        identifier = handler.create(self.cloud, urn=urn, inputs=checked)
        outputs = handler.read(self.cloud, id=identifier, inputs=checked)
        assert outputs is not None, f"{token} {identifier} cannot be read after it was made"
        self.made.append(Made(token, label, urn, identifier, checked, outputs))
        return self.made[-1]

    def clear(self) -> None:
        """Delete everything: the resource under test, then what it needed, last one first."""
        subjects = [item for item in self.made if item.label == self.name]
        needed = [item for item in self.made if item.label != self.name]
        for item in [*subjects, *reversed(needed)]:
            HANDLERS[item.token].delete(self.cloud, id=item.id, outputs=item.outputs)


@dataclass(frozen=True)
class Example:
    """One resource type.

    Examples are found in `EXAMPLES` of each `examples_*.py` beside this file.
    """

    token: str
    inputs: Callable[[Workbench], Properties]
    """What the program gives, after making on the bench what it refers to."""

    update: Callable[[Workbench], Properties] | None = None
    """Properties to change in place, with their new values; None for a type that has none."""

    tamper: Callable[[Cloud, Made], None] | None = None
    """Changes it by boto3, as somebody would by hand; None where nothing can be changed."""
    tampered: str = ""
    """The property by which a refresh shows that."""

    survives: bool = False
    """Whether what it is about is still there after `delete` (a VPC's default security group)."""
    found_again: bool = True
    """Whether `find` has to return it; False where `create` makes nothing of its own."""
    outputs: tuple[str, ...] = ()
    """Outputs that it must have, for what the program takes from it."""
