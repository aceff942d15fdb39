"""Random ids, which exist only in the state."""

from __future__ import annotations

from local.resources.cloud import Cloud
from local.resources.random import RandomId

CLOUD = Cloud("http://127.0.0.1:1")
INPUTS = {"byteLength": 4, "keepers": {"content": "a"}}


def test_reading_an_id_twice_returns_the_same() -> None:
    identifier = RandomId().create(CLOUD, urn="urn", inputs=INPUTS)

    first, second = (RandomId().read(CLOUD, id=identifier, inputs=INPUTS) for _ in range(2))

    assert first == second
    assert first is not None
    assert len(first["hex"]) == 8


def test_all_encodings_are_of_the_same_bytes() -> None:
    outputs = RandomId().read(CLOUD, id="_-8AAQ", inputs=INPUTS)

    assert outputs is not None
    assert (outputs["hex"], outputs["dec"]) == ("ffef0001", str(0xFFEF0001))
    assert (outputs["b64Url"], outputs["b64Std"]) == ("_-8AAQ", "/+8AAQ==")


def test_changed_keepers_replace_the_id() -> None:
    diff = RandomId().diff(INPUTS, {**INPUTS, "keepers": {"content": "b"}})

    assert diff.replace == ("keepers",)
