"""Revisions of task definitions: adoption, processors and what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.resources.base import ResourceError
from local.resources.registry import HANDLERS
from tests.integration.resources.examples_services import TASK_DEFINITION, container, task_definition

if TYPE_CHECKING:
    from tests.integration.resources.example import Workbench

HANDLER = HANDLERS[TASK_DEFINITION]


def test_a_task_runs_on_this_machines_processor_and_keeps_the_configured_one(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    reported: list[str] = []
    bench.cloud.report = lambda _, line: reported.append(line)

    made = bench.make(TASK_DEFINITION, task_definition(bench))

    live = bench.cloud.client("ecs").describe_task_definition(taskDefinition=made.id)["taskDefinition"]
    assert live["runtimePlatform"]["cpuArchitecture"] == "X86_64"
    assert made.outputs["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    assert reported == ["runs on X86_64, this machine's processor, instead of ARM64"]


def test_the_configured_processor_is_reported_only_if_it_differs(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    bench.cloud.report = lambda _, line: pytest.fail(line)

    bench.make(TASK_DEFINITION, task_definition(bench))


def test_skip_destroy_keeps_a_revision(bench: Workbench) -> None:
    made = bench.make(TASK_DEFINITION, {**task_definition(bench), "skipDestroy": True})

    HANDLER.delete(bench.cloud, id=made.id, outputs=made.outputs)

    assert HANDLER.read(bench.cloud, id=made.id, inputs=made.inputs) is not None


def test_an_older_revision_of_the_same_resource_is_not_adopted(bench: Workbench) -> None:
    first = bench.make(TASK_DEFINITION, {**task_definition(bench), "skipDestroy": True}, name=bench.name)
    second = bench.make(
        TASK_DEFINITION, {**task_definition(bench, container("app:2")), "skipDestroy": True}, name=bench.name
    )
    bench.cloud.remember(TASK_DEFINITION, second.id)

    assert HANDLER.find(bench.cloud, urn=first.urn, inputs=first.inputs) is None


def test_a_revision_with_other_inputs_is_not_adopted(bench: Workbench) -> None:
    made = bench.make(TASK_DEFINITION, task_definition(bench), name=bench.name)
    other = {**made.inputs, "memory": "1024"}

    assert HANDLER.find(bench.cloud, urn=made.urn, inputs=other) is None


def test_a_family_with_the_same_prefix_is_not_adopted(bench: Workbench) -> None:
    made = bench.make(TASK_DEFINITION, {**task_definition(bench), "family": f"{bench.name}-alice"})

    assert HANDLER.find(bench.cloud, urn=made.urn, inputs={**made.inputs, "family": bench.name}) is None


def test_an_unknown_key_of_a_container_is_reported(bench: Workbench) -> None:
    with pytest.raises(ResourceError, match="readOnly"):
        bench.make(TASK_DEFINITION, task_definition(bench, container(readOnly=True)))


def test_volumes_are_returned_as_configured(bench: Workbench) -> None:
    volumes = [{"name": "scratch"}, {"name": "host", "hostPath": "/srv"}]

    made = bench.make(TASK_DEFINITION, {**task_definition(bench), "volumes": volumes})

    assert made.outputs["volumes"] == volumes
