"""What is generated from the settings is what the script writes, and reads well."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from docs.config_table import (
    BEGIN,
    DOCUMENTS,
    END,
    SCHEMA,
    meanings,
    stack_schema,
    table,
    with_config,
    with_table,
)
from infra.settings import SettingsError, keys
from infra.settings.fargate import MEMORY_BY_CPU, sizes_for
from tests.unit.infra.settings_fixtures import PROJECT, PROJECT_ROOT, STACKS, settings_of, stack_file

if TYPE_CHECKING:
    from pathlib import Path

PULUMI_YAML = (PROJECT_ROOT / "Pulumi.yaml").read_text(encoding="utf-8")
DECLARED: dict[str, dict[str, Any]] = yaml.safe_load(PULUMI_YAML)["config"]
EDITED: dict[str, dict[str, Any]] = json.loads(stack_schema())["properties"]["config"]["properties"]
RUN = "run `python -m docs.config_table`"


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_documents_contain_the_generated_table(path: Path) -> None:
    document = (PROJECT_ROOT / path).read_text(encoding="utf-8")

    assert document == with_table(document, DOCUMENTS[path]), RUN


def test_pulumi_yaml_declares_what_the_settings_have() -> None:
    assert with_config(PULUMI_YAML) == PULUMI_YAML, RUN


def test_the_json_schema_is_current() -> None:
    assert (PROJECT_ROOT / SCHEMA).read_text(encoding="utf-8") == stack_schema(), RUN


def test_every_key_has_a_meaning() -> None:
    assert [name for name, key in keys().items() if not meanings(key.model).get(key.name)] == []


def test_pulumi_yaml_and_the_schema_contain_each_default() -> None:
    """What the CLI hands over must be what a stack has that says nothing."""
    declared = {key: DECLARED[key] for key in keys()}
    defaults = {key: entry.get("default", entry.get("value")) for key, entry in declared.items()}

    assert defaults == {key: one.default for key, one in keys().items()}
    assert {key if ":" in key else f"{PROJECT}:{key}" for key in keys()} == EDITED.keys()
    # The CLI refuses the whole project where an array does not say what is in it.
    assert [k for k, entry in declared.items() if entry.get("type") == "array" and "items" not in entry] == []


def test_the_table_has_a_row_for_each_key_and_nested_key() -> None:
    _, _, *rows = table(["rollout", "cpu"]).splitlines()

    assert [row.split("`")[1] for row in rows][:2] == ["rollout", "rollout.strategy"]
    assert "`rollout.hooks[].stages`" in "\n".join(rows)
    assert rows[-1].startswith("| `cpu` | a whole number from 128 to 196608 | `256` |")
    assert {row.replace("\\|", "").count("|") for row in rows} == {5}


def test_only_text_between_the_markers_is_replaced() -> None:
    shown = table(["cpu"])

    assert with_table(f"before {BEGIN} old {END} after", ["cpu"]) == f"before {BEGIN}\n{shown}\n{END} after"


def test_a_document_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="config table"):
        with_table("no markers", ["cpu"])


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_s_file_names_the_schema(stack: str) -> None:
    first, *_ = (PROJECT_ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8").splitlines()

    assert first == f"# yaml-language-server: $schema={SCHEMA}"


@pytest.mark.parametrize("stack", STACKS)
def test_the_shipped_stack_files_match_the_schema(stack: str) -> None:
    assert [key for key, value in stack_file(stack).items() if _refuses(EDITED[key], value)] == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("cpu", 12),
        ("cpu", "256"),
        ("nat", "two"),
        ("protect", "yes"),
        ("user", "root"),
        ("rollout", {"strategy": "bluegreen"}),
        ("rollout", {"canary-minutes": 1441}),
        ("rollout", {"stratgy": "canary"}),
        ("egress", [{"port": 5432}]),
        ("multidev", [{"name": "bob", "sidecars": 1}]),
        ("environment", {"A-B": 1}),
        ("secrets", {"DB": "hunter2"}),
    ],
)
def test_values_that_the_schema_rejects_are_rejected_by_the_program(key: str, value: Any) -> None:
    assert _refuses(EDITED[f"{PROJECT}:{key}"], value)
    if value != "256":  # The CLI makes a number of it.
        with pytest.raises(SettingsError):
            settings_of({key: value})


@pytest.mark.parametrize("cpu", MEMORY_BY_CPU)
def test_the_document_s_sizes_are_the_program_s(cpu: int) -> None:
    document = (PROJECT_ROOT / "docs/configuration.md").read_text(encoding="utf-8")

    assert f"| {cpu} | {sizes_for(cpu).replace(' MiB', '')} |" in document


_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def _refuses(schema: dict[str, Any], value: Any) -> bool:  # noqa: PLR0911 - one for each keyword
    """Whether an editor would, by the keywords of JSON Schema that the schema uses."""
    if "anyOf" in schema:
        return all(_refuses(one, value) for one in schema["anyOf"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not isinstance(value, tuple(kind for name in kinds for kind in _KINDS[name])):
        return True
    if "enum" in schema and value not in schema["enum"]:
        return True
    match value:
        case bool():
            return "boolean" not in kinds
        case str():
            return "pattern" in schema and not re.search(schema["pattern"], value)
        case int():
            return not schema.get("minimum", value) <= value <= schema.get("maximum", value)
        case list():
            return any(_refuses(schema["items"], item) for item in value)
        case dict():
            named = schema.get("properties", {})
            patterns = schema.get("patternProperties", {})
            return not set(schema.get("required", ())) <= value.keys() or any(
                _refuses(named[name], item)
                if name in named
                else not any(
                    re.search(one, name) and not _refuses(inner, item) for one, inner in patterns.items()
                )
                for name, item in value.items()
            )
    return False
