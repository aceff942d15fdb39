"""What the examples declare can be made on this machine: every type and property, down to the smallest block."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.resources import discovery, ecs_service
from local.resources.cloud import Cloud
from local.resources.ecs_service import Service
from local.resources.ecs_task_definition import TaskDefinition
from local.resources.recorded import Recorded
from local.resources.registry import HANDLERS
from local.resources.row_handler import RowHandler
from tests.unit.infra.conftest import DeclareStack
from tests.unit.infra.test_examples import EXAMPLES, declare_example


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_local_run_takes_what_an_example_declares(
    declare_stack: DeclareStack, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = Cloud("http://127.0.0.1:1")
    graph = declare_example(declare_stack, path)
    faults: list[str] = []
    # Its calls are held against AWS's own service model, and go nowhere.
    monkeypatch.setattr(RowHandler, "call", Recorded.call)
    monkeypatch.delattr(discovery.Namespace, "call")
    monkeypatch.setattr(ecs_service, "_wait", lambda *_, **__: None)

    for one in graph.resources:
        handler: Any = HANDLERS.get(one.type)
        if handler is None:
            if one.type.startswith("aws:"):
                faults.append(f"{one.type} {one.name}: no handler")
        elif isinstance(handler, RowHandler):
            try:
                inputs = handler.check(
                    cloud, name=one.name, old=None, new=dict(one.inputs), random_hex="0" * 8
                )
                # Others ask first what is there.
                if isinstance(handler, Service | TaskDefinition) or type(handler).create is RowHandler.create:
                    handler.create(cloud, urn=one.name, inputs=inputs)
            except Exception as error:  # noqa: BLE001
                faults.append(f"{one.type} {one.name}: {type(error).__name__} {error}")

    assert faults == []
