"""`Pulumi.yaml` as the CLI and people want it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from infra.config.schema import PROJECT_ROOT, DeclaredKey, load_schema

KEYS = load_schema().keys
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
}


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_a_key_has_one_line_of_meaning(key: DeclaredKey) -> None:
    assert key.description
    assert "\n" not in key.description
    assert not key.description.endswith(".")


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_a_default_is_of_the_type_that_the_key_declares(key: DeclaredKey) -> None:
    if key.type is None:
        assert key.name == "multidev"
    else:
        assert isinstance(key.default, TYPES[key.type])
        assert (key.type == "boolean") == isinstance(key.default, bool)


def test_an_array_says_what_its_items_are() -> None:
    # The CLI refuses the whole project otherwise.
    declared: dict[str, dict[str, Any]] = yaml.safe_load((PROJECT_ROOT / "Pulumi.yaml").read_text())["config"]

    assert [
        name for name, entry in declared.items() if entry.get("type") == "array" and "items" not in entry
    ] == []


def test_keys_are_kebab_case() -> None:
    assert [name for name in KEYS if name != name.lower() or "_" in name] == []
