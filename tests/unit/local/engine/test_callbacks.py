"""What becomes of the program's own functions when the run fails."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pulumi.runtime.proto import callback_pb2, resource_pb2

from local.engine.callbacks import Callbacks
from local.engine.errors import StepFailedError

PATIENCE_SECONDS = 5


def request() -> Any:
    return resource_pb2.RegisterResourceRequest(
        type="toy:index:Thing", transforms=[callback_pb2.Callback(token="mine", target="unused")]
    )


def test_a_stop_waits_for_the_transform_that_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    entered, released = threading.Event(), threading.Event()
    callbacks, ended = Callbacks(), list[str]()

    def invoke(*_: object) -> bytes:
        entered.set()
        released.wait(PATIENCE_SECONDS)
        ended.append("transform")
        return resource_pb2.TransformResponse().SerializeToString()

    def stop() -> None:
        callbacks.stop()
        ended.append("stop")

    monkeypatch.setattr(callbacks, "_invoke", invoke)
    transform, stopping = (
        threading.Thread(target=callbacks.transform, args=[request()]),
        threading.Thread(target=stop),
    )
    transform.start()
    assert entered.wait(PATIENCE_SECONDS)
    stopping.start()
    stopping.join(0.2)
    released.set()
    for thread in (transform, stopping):
        thread.join(PATIENCE_SECONDS)

    assert ended == ["transform", "stop"]


def test_after_a_stop_no_transform_is_begun() -> None:
    callbacks = Callbacks()
    callbacks.stop()

    with pytest.raises(StepFailedError):
        callbacks.transform(request())
