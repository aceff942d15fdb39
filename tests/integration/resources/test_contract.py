"""What every handler promises to both engines, shown once for each type against the emulator."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.resources.base import URN_TAG, Handler, Properties
from local.resources.registry import HANDLERS

if TYPE_CHECKING:
    from local.resources.cloud import Cloud
    from tests.integration.resources.example import Example, Made, Workbench


def _examples() -> list[Example]:
    modules = sorted(path.stem for path in Path(__file__).parent.glob("examples_*.py"))
    return [
        example
        for name in modules
        for example in import_module(f"tests.integration.resources.{name}").EXAMPLES
    ]


SHOWN_ELSEWHERE = {"docker-build:index:Image", "random:index/randomId:RandomId"}
"""Types that need a Docker daemon, or no emulator, have tests of their own."""

EXAMPLES = _examples()
WITH_UPDATE = [example for example in EXAMPLES if example.update is not None]
WITH_TAMPER = [example for example in EXAMPLES if example.tamper is not None]
TAGGED = [example for example in EXAMPLES if HANDLERS[example.token].tagged]


def _by_type(examples: list[Example]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("example", examples, ids=lambda example: example.token.rpartition(":")[2])


def _made(bench: Workbench, example: Example) -> tuple[Handler, Made]:
    made = bench.make(example.token, example.inputs(bench), name=bench.name)
    return HANDLERS[example.token], made


def _live(made: Made, outputs: Properties) -> Properties:
    return {key: outputs.get(key, value) for key, value in made.inputs.items()}


def _read(handler: Handler, cloud: Cloud, made: Made) -> Properties:
    outputs = handler.read(cloud, id=made.id, inputs=made.inputs)
    assert outputs is not None
    return outputs


def test_every_type_has_an_example() -> None:
    shown = {example.token for example in EXAMPLES} | SHOWN_ELSEWHERE

    assert sorted(HANDLERS) == sorted(shown)


@_by_type(EXAMPLES)
def test_a_refresh_of_what_nobody_touched_shows_no_difference(bench: Workbench, example: Example) -> None:
    handler, made = _made(bench, example)

    outputs = _read(handler, bench.cloud, made)

    assert handler.diff(made.inputs, _live(made, outputs)).changed == ()


@_by_type(EXAMPLES)
def test_two_reads_tell_the_same(bench: Workbench, example: Example) -> None:
    handler, made = _made(bench, example)

    again = _read(handler, bench.cloud, made)

    assert again == made.outputs


@_by_type(EXAMPLES)
def test_outputs_have_what_the_program_takes(bench: Workbench, example: Example) -> None:
    _, made = _made(bench, example)

    missing = [name for name in example.outputs if made.outputs.get(name) in (None, "")]

    assert missing == []


@_by_type(TAGGED)
def test_tags_show_the_stacks_own_and_not_the_runs(bench: Workbench, example: Example) -> None:
    _, made = _made(bench, example)

    assert made.outputs["tags"].items() >= {"Project": "node-on-ecs", "Stack": "test"}.items()
    assert made.outputs["tags"] == made.outputs["tagsAll"]
    assert URN_TAG not in made.outputs["tags"]


@_by_type(TAGGED)
def test_tags_change_in_place_and_the_urn_stays(bench: Workbench, example: Example) -> None:
    handler, made = _made(bench, example)
    new = {**made.inputs, "tags": {"Project": "node-on-ecs", "Stack": "other", "Team": "blue"}}

    handler.update(bench.cloud, id=made.id, old=made.outputs, new=new, changed=("tags",))

    outputs = handler.read(bench.cloud, id=made.id, inputs=new)
    assert outputs is not None
    assert outputs["tags"] == new["tags"]
    if example.found_again:
        assert handler.find(bench.cloud, urn=made.urn, inputs=made.inputs) == made.id


@_by_type(WITH_UPDATE)
def test_what_can_be_changed_in_place_is_and_shows(bench: Workbench, example: Example) -> None:
    handler, made = _made(bench, example)
    assert example.update is not None
    changes = example.update(bench)
    new = {**made.inputs, **changes}
    diff = handler.diff(made.inputs, new)
    assert set(diff.changed) == set(changes)
    assert diff.replace == ()

    handler.update(bench.cloud, id=made.id, old=made.outputs, new=new, changed=diff.changed)

    outputs = handler.read(bench.cloud, id=made.id, inputs=new)
    assert outputs is not None
    assert handler.diff(new, {key: outputs.get(key, value) for key, value in new.items()}).changed == ()


@_by_type(WITH_TAMPER)
def test_a_refresh_shows_what_somebody_changed_by_hand(bench: Workbench, example: Example) -> None:
    handler, made = _made(bench, example)
    assert example.tamper is not None
    example.tamper(bench.cloud, made)

    outputs = _read(handler, bench.cloud, made)

    assert handler.diff(made.inputs, _live(made, outputs)).changed == (example.tampered,)


@_by_type(WITH_TAMPER)
def test_an_update_takes_back_what_somebody_changed_by_hand(bench: Workbench, example: Example) -> None:
    handler, made = _made(bench, example)
    if example.tampered not in handler.in_place:
        pytest.skip(f"{example.tampered} is not changed in place")
    assert example.tamper is not None
    example.tamper(bench.cloud, made)
    outputs = _read(handler, bench.cloud, made)

    handler.update(bench.cloud, id=made.id, old=outputs, new=made.inputs, changed=(example.tampered,))

    assert handler.diff(made.inputs, _live(made, _read(handler, bench.cloud, made))).changed == ()


@_by_type(EXAMPLES)
def test_what_is_deleted_is_gone_and_deleting_it_again_is_fine(bench: Workbench, example: Example) -> None:
    handler, made = _made(bench, example)

    handler.delete(bench.cloud, id=made.id, outputs=made.outputs)
    handler.delete(bench.cloud, id=made.id, outputs=made.outputs)

    gone = handler.read(bench.cloud, id=made.id, inputs=made.inputs) is None
    assert gone is not example.survives


@_by_type(EXAMPLES)
def test_a_run_that_was_cut_off_finds_what_it_had_made(bench: Workbench, example: Example) -> None:
    handler, made = _made(bench, example)

    found = handler.find(bench.cloud, urn=made.urn, inputs=made.inputs)

    assert found == (made.id if example.found_again else None)


@_by_type([example for example in EXAMPLES if not example.survives])
def test_what_is_deleted_is_not_found(bench: Workbench, example: Example) -> None:
    handler, made = _made(bench, example)
    handler.delete(bench.cloud, id=made.id, outputs=made.outputs)

    assert handler.find(bench.cloud, urn=made.urn, inputs=made.inputs) is None


@_by_type(EXAMPLES)
def test_nothing_is_found_that_the_state_knows(bench: Workbench, example: Example) -> None:
    handler, made = _made(bench, example)
    bench.cloud.remember(example.token, made.id)

    assert handler.find(bench.cloud, urn=made.urn, inputs=made.inputs) is None


@_by_type(EXAMPLES)
def test_nothing_is_found_before_it_is_made(bench: Workbench, example: Example) -> None:
    inputs = bench.checked(example.token, example.inputs(bench))
    urn = f"urn:pulumi:test::node-on-ecs::{example.token}::never-made"

    assert HANDLERS[example.token].find(bench.cloud, urn=urn, inputs=inputs) is None
