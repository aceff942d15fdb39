"""Every resource type is created, read, changed, replaced, found and deleted once, against the emulator."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from local.resources.base import Handler, Properties
from local.resources.cloud import Cloud, Shared
from local.resources.recorded import Recorded
from local.resources.registry import HANDLERS
from local.resources.tags import URN_TAG
from tests.integration.resources.example import Example, Made, Workbench

TESTED_ELSEWHERE = {"docker-build:index:Image", "random:index/randomId:RandomId"}
"""Types that need Docker, or no emulator."""
PROPERTIES_TESTED_ELSEWHERE = {
    # They need running tasks or a forced deployment.
    "aws:ecs/service:Service": {"desiredCount", "launchType", "triggers", "waitForSteadyState"},
}
EXAMPLES: list[Example] = [
    example
    for path in sorted(Path(__file__).parent.glob("examples_*.py"))
    for example in import_module(f"tests.integration.resources.{path.stem}").EXAMPLES
]


def _name(example: Example) -> str:
    return example.token.rpartition(":")[2]


class Walk:
    """A resource on its way through an example's steps; each step is read back."""

    def __init__(self, bench: Workbench, example: Example) -> None:
        self.bench, self.cloud, self.example = bench, bench.cloud, example
        self.handler: Handler = HANDLERS[example.token]
        self.urn = f"urn:pulumi:test::node-on-ecs::{example.token}::{bench.name}"
        self.recorded = isinstance(self.handler, Recorded)
        self.program_inputs = example.inputs(bench)
        self.inputs = bench.checked(example.token, self.program_inputs)

    def find(self, *, known: bool = False) -> str | None:
        """Search for it as the run after an interrupted one does, with it in the state if `known`."""
        shared = Shared(clients=self.cloud.shared.clients)
        cloud = Cloud(self.cloud.endpoint, region=self.cloud.region, shared=shared)
        if known:
            cloud.remember(self.example.token, self.id)
        return self.handler.find(cloud, urn=self.urn, inputs=self.inputs)

    def create(self) -> None:
        self.id = self.handler.create(self.cloud, urn=self.urn, inputs=self.inputs)
        self.read_without_drift()

    def read(self) -> Properties:
        outputs = self.handler.read(self.cloud, id=self.id, inputs=self.inputs)
        assert outputs is not None, f"{self.id} does not exist"
        return outputs

    def drift(self) -> tuple[str, ...]:
        """Return the properties that a refresh shows as changed."""
        self.outputs = self.read()
        live = {key: self.outputs.get(key, value) for key, value in self.inputs.items()}
        return self.handler.diff(live, self.inputs).changed

    def read_without_drift(self) -> None:
        assert self.drift() == (), f"read back: {self.outputs}"

    def step(self, properties: Properties, *, replaces: bool) -> tuple[str, ...]:
        """Configure other properties; return those in the diff."""
        before = self.inputs
        new = {key: value(self.bench) if callable(value) else value for key, value in properties.items()}
        self.program_inputs = {
            key: value for key, value in {**self.program_inputs, **new}.items() if value is not None
        }
        self.inputs = self.bench.checked(
            self.example.token, self.program_inputs, old=None if replaces else before
        )
        difference = self.handler.diff(before, self.inputs)
        assert set(properties) <= set(difference.changed), f"no difference: {properties}"
        assert bool(difference.replace) == replaces, f"{properties}: {difference}"
        return difference.changed

    def change(self, properties: Properties) -> None:
        changed = self.step(properties, replaces=False)
        self.handler.update(self.cloud, id=self.id, old=self.outputs, new=self.inputs, changed=changed)
        self.read_without_drift()
        for key in properties.keys() - self.inputs.keys():
            assert self.handler.is_same(key, None, self.outputs.get(key)), (
                f"{key} is still there: {self.outputs}"
            )

    def replace(self, properties: Properties) -> None:
        self.step(properties, replaces=True)
        old_id, old_outputs = self.id, self.outputs
        if self.handler.delete_before_replace:
            self.handler.delete(self.cloud, id=old_id, outputs=old_outputs)
            self.create()
        else:
            self.create()
            self.handler.delete(self.cloud, id=old_id, outputs=old_outputs)
            self.read_without_drift()

    def change_by_hand(self, key: str) -> None:
        """A refresh shows it, and the next update reverts it."""
        token, name = self.example.token, self.bench.name
        self.example.by_hand[key](self.cloud, Made(token, name, self.urn, self.id, self.inputs, self.outputs))
        assert self.drift() == (key,), f"by hand: {self.outputs}"
        if key in self.handler.in_place:
            self.handler.update(self.cloud, id=self.id, old=self.outputs, new=self.inputs, changed=(key,))
        else:
            self.handler.delete(self.cloud, id=self.id, outputs=self.outputs)
            self.id = self.handler.create(self.cloud, urn=self.urn, inputs=self.inputs)
        self.read_without_drift()

    def delete(self) -> None:
        for _ in range(2):
            self.handler.delete(self.cloud, id=self.id, outputs=self.outputs)
        gone = self.handler.read(self.cloud, id=self.id, inputs=self.inputs) is None
        assert gone is not (self.example.survives or self.recorded)

    def missing_outputs(self) -> list[str]:
        """Return outputs of the row and the example that have no value; inputs may have none."""
        listed: set[str] = set(getattr(self.handler, "row").outputs)  # noqa: B009 -- not of every handler
        expected = {*self.example.outputs, *listed} - self.handler.force_new - self.handler.in_place
        return [name for name in sorted(expected) if self.outputs.get(name) in (None, "")]


@pytest.mark.parametrize("example", EXAMPLES, ids=_name)
def test_life_cycle(bench: Workbench, example: Example) -> None:
    walk = Walk(bench, example)
    survives = example.survives or walk.recorded
    assert survives or walk.find() is None, "found before its creation"

    walk.create()
    again = walk.read()
    assert again == walk.outputs
    assert walk.recorded or walk.missing_outputs() == []

    assert walk.find() == (None if walk.recorded else walk.id)
    assert walk.find(known=True) is None, "adopted from the state"

    if walk.handler.tagged:
        tags = walk.outputs["tags"]
        assert tags.items() >= bench.cloud.default_tags.items()
        assert tags == walk.outputs["tagsAll"]
        assert URN_TAG not in tags
        walk.change({"tags": {"Stack": "other", "Team": "blue"}})
        walk.change({"tags": {"Team": "red"}})
        assert walk.recorded or walk.find() == walk.id, "the URN's tag is lost"

    for properties in example.changes:
        walk.change(properties)
    for key in example.by_hand:
        walk.change_by_hand(key)
    for properties in example.replacements:
        walk.replace(properties)

    walk.delete()
    assert survives or walk.find() is None, "found after its deletion"


def test_every_type_has_an_example() -> None:
    walked = {example.token for example in EXAMPLES} | TESTED_ELSEWHERE

    assert sorted(HANDLERS) == sorted(walked)


@pytest.mark.parametrize("token", sorted({example.token for example in EXAMPLES}))
def test_every_property_is_changed_by_an_example(token: str) -> None:
    handler, walked = HANDLERS[token], {"tags"}
    for example in EXAMPLES:
        if example.token == token:
            walked.update(example.by_hand, *example.changes, *example.replacements)

    walked |= PROPERTIES_TESTED_ELSEWHERE.get(token, set())
    assert {*handler.force_new, *handler.in_place} - walked == set()
