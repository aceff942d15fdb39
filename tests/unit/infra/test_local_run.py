"""The local run supports every resource type and property of the examples."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from local.provider.server import COMMON_SERVICES
from local.resources import ecs_service, small_handlers
from local.resources.cloud import Cloud
from local.resources.ecs_service import Service
from local.resources.ecs_task_definition import TaskDefinition
from local.resources.recorded import Recorded
from local.resources.registry import HANDLERS
from local.resources.row_handler import RowHandler
from local.resources.table import ROWS
from tests.unit.infra.conftest import STACKS, DeclareStack
from tests.unit.infra.test_examples import EXAMPLES, declare_example


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_local_run_supports_every_resource_of_an_example(
    declare_stack: DeclareStack, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = Cloud("http://127.0.0.1:1")
    graph = declare_example(declare_stack, path)
    errors: list[str] = []
    # Calls are validated against botocore's service model and not sent.
    monkeypatch.setattr(RowHandler, "call", Recorded.call)
    monkeypatch.delattr(small_handlers.Namespace, "call")
    monkeypatch.setattr(ecs_service, "_wait", lambda *_, **__: None)

    for resource in graph.resources:
        handler: Any = HANDLERS.get(resource.type)
        if handler is None:
            if resource.type.startswith("aws:"):
                errors.append(f"{resource.type} {resource.name}: no handler")
        elif isinstance(handler, RowHandler):
            try:
                inputs = handler.check(
                    cloud, name=resource.name, old=None, new=dict(resource.inputs), random_hex="0" * 8
                )
                # Other handlers read the current state first.
                if isinstance(handler, Service | TaskDefinition) or type(handler).create is RowHandler.create:
                    handler.create(cloud, urn=resource.name, inputs=inputs)
            except Exception as error:  # noqa: BLE001
                errors.append(f"{resource.type} {resource.name}: {type(error).__name__} {error}")

    assert errors == []


def test_services_with_three_resources_in_every_shipped_stack_have_their_clients_early(
    declare_stack: DeclareStack,
) -> None:
    counts = [
        Counter(
            ROWS[resource.type].service
            for resource in declare_stack(stack).resources
            if resource.type in ROWS
        )
        for stack in STACKS
    ]
    common = {service for service in counts[0] if all(count[service] >= 3 for count in counts)}

    assert set(COMMON_SERVICES) == common
