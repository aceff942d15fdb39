"""The bounds of numbers; docs/pulumi-stack.schema.json lists them, and a test holds it to the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.settings import Settings, keys
from infra.settings.schema import DESCRIPTION, resolve, schema_of
from tests.unit.infra.settings_fixtures import faults_of

WHOLE = schema_of(Settings)


def _numbers(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    schema = resolve(schema, WHOLE)
    if schema.get("type") == "integer":
        yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from _numbers(inner, f"{path}.{name}")
    if "items" in schema:
        yield from _numbers(schema["items"], path)


def test_every_number_has_bounds() -> None:
    """Where AWS has none, at what nobody means: a number without fails late."""
    found = dict(_numbers(WHOLE))
    bounded = {path for path, one in found.items() if {"minimum", "maximum"} <= one.keys() or "enum" in one}

    assert len(found) > 40
    assert {path for path in found if path not in bounded} == {".attach.priority"}


def test_numbers_out_of_bounds_are_refused_with_both_bounds() -> None:
    schemas = {key: resolve(schema_of(one.model)["properties"][key], WHOLE) for key, one in keys().items()}
    numbers = {key: one for key, one in schemas.items() if "minimum" in one and DESCRIPTION not in one}

    assert len(numbers) > 10
    for key, one in numbers.items():
        least, most = one["minimum"], one["maximum"]
        allowed = f", {least} or more" if most >= 10**9 else f" from {least} to {most}"
        for beyond in (least - 1, most + 1):
            assert f"{key} = {beyond}: a whole number{allowed}" in faults_of({key: beyond})
