# ruff: noqa: INP001 - a folder of documents, not a package
"""Writes what is generated from the settings: `python -m docs.config_table`.

That is the `config:` block of `Pulumi.yaml`, the tables of keys in the documents, and the JSON schema by
which editors complete and check stack files.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, cast, get_args

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from infra.settings import ImageSettings, Key, ServiceSettings, keys
from infra.settings.model import PLAIN_TYPES, Model
from infra.settings.multidev import KEYS_OF_A_COPY, Copy
from infra.settings.schema import describe, resolve, schema_of
from infra.settings.services import KEYS_OF_A_SERVICE, SOURCE_KEYS

ROOT: Final = Path(__file__).resolve().parents[1]
PROJECT: Final = "node-on-ecs"
SCHEMA: Final = Path("docs/pulumi-stack.schema.json")
BEGIN: Final = "<!-- config table -->"
END: Final = "<!-- end of config table -->"
DOCUMENTS: Final[Mapping[Path, Collection[str]]] = {Path("docs/configuration.md"): keys()}
"""Which keys each document has."""

_HEADINGS: Final = {
    "aws:region": "Account",
    "app-path": "Image",
    "vpc-id": "Network",
    "cluster-arn": "Cluster",
    "domain": "Load balancer and names",
    "attach-to": "Attached stacks",
    "exposure": "Requests and connections",
    "name": "Service",
    "services": "More services, and copies",
    "notifications": "Notifications, dashboard and logs",
}
_ENTRIES: Final = {
    "services": "an object of names, each with an object of keys of a service or an image",
    "multidev": "a list of names or objects",
}
"""Keys whose entries have keys of other rows, and their values."""
_UNUSED: Final = ("title", "$ref", "anyOf", "$defs", "discriminator")
"""JSON schema keywords of pydantic that a schema without references does not need."""
_PRESETS: Final = "  pulumi:disable-default-providers:\n    value: [aws]\n"


def program_config() -> str:
    """Return the `config:` block of `Pulumi.yaml`."""
    return "config:\n" + _PRESETS + "".join(_declaration(name, key) for name, key in keys().items())


def table(names: Collection[str]) -> str:
    """Return a table with a row for each of some keys, and for each key inside it."""
    rows = "\n".join(row for name in names for row in _rows(name, keys()[name].model, keys()[name].name))
    return f"| Key | Value | Default | Meaning |\n|---|---|---|---|\n{rows}"


def stack_schema() -> str:
    """Return the JSON schema of a stack file."""
    config = {
        name if ":" in name else f"{PROJECT}:{name}": _schema(name, key) for name, key in keys().items()
    }
    text = {"type": "string"}
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"A stack file of {PROJECT}",
        "type": "object",
        "properties": {
            "config": {
                "type": ["object", "null"],
                "properties": config,
                "patternProperties": {f"^(?!{PROJECT}:|aws:)": {}},
                "additionalProperties": False,
            },
            **dict.fromkeys(("encryptionsalt", "secretsprovider", "encryptedkey"), text),
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def with_config(project_file: str) -> str:
    """Return `Pulumi.yaml` with the block at its end."""
    return f"{project_file.partition('config:')[0]}{program_config()}"


def with_table(document: str, names: Collection[str]) -> str:
    """Return a document with the table between its markers.

    Raises:
        ValueError: the document has not exactly one pair of markers.
    """
    if (document.count(BEGIN), document.count(END)) != (1, 1):
        raise ValueError(f"there must be one {BEGIN} and one {END}")
    head, _, rest = document.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{table(names)}\n{END}{tail}"


@cache
def meanings(model: type[Model]) -> Mapping[str, str]:
    """Return the docstrings of a model's fields."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    base = model.__bases__[0]
    docstrings = {} if base is Model else dict(meanings(base))
    for field, below in pairwise(cast("ast.ClassDef", definition).body):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
            text = ast.literal_eval(below.value)
            docstrings[ast.unparse(field.target)] = " ".join(str(text).split()).removesuffix(".")
    return docstrings


class _WithMeanings(GenerateJsonSchema):
    """JSON schemas with the docstring of each field."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Return the schema of a model with its fields' docstrings instead of its own."""
        result = super().model_schema(schema)
        result.pop("description", None)
        model = cast("type[Model]", schema["cls"])
        for field, meaning in meanings(model).items():
            result["properties"][str(model.model_fields[field].alias)]["description"] = meaning
        return result


@cache
def _properties(model: type[Model]) -> Mapping[str, Mapping[str, Any]]:
    """Return the schemas of a model's keys, without references."""
    root = model.model_json_schema(schema_generator=_WithMeanings)
    return {key: _inlined(schema, root) for key, schema in root["properties"].items()}


def _inlined(schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    inlined = {word: value for word, value in resolve(schema, root).items() if word not in _UNUSED}
    for word in ("properties", "patternProperties"):
        if word in inlined:
            inlined[word] = {name: _inlined(inner, root) for name, inner in inlined[word].items()}
    for word in ("items", "additionalProperties"):
        if isinstance(inlined.get(word), Mapping):
            inlined[word] = _inlined(inlined[word], root)
    if "oneOf" in inlined:
        inlined["oneOf"] = [_inlined(alternative, root) for alternative in inlined["oneOf"]]
    if "patternProperties" in inlined:
        inlined["additionalProperties"] = False
    if "description" in inlined:
        inlined["description"] = inlined.pop("description")
    return inlined


def _schema(name: str, key: Key) -> Mapping[str, Any]:
    """Return the schema of a key of the stack file."""
    schema = _properties(key.model)[name]
    if name == "services":
        own = {**_only(ImageSettings, SOURCE_KEYS), **_only(ServiceSettings, KEYS_OF_A_SERVICE)}
        entry = {"type": ["object", "null"], "properties": own, "additionalProperties": False}
        return {**schema, "additionalProperties": entry}
    if name == "multidev":
        copy = _only(Copy, KEYS_OF_A_COPY)
        entry = {"type": "object", "properties": copy, "required": ["name"], "additionalProperties": False}
        return {**schema, "items": {"anyOf": [{"type": "string"}, entry]}}
    # At the top, YAML's numbers and flags are accepted as text.
    return {**schema, "type": PLAIN_TYPES} if key.is_text else schema


def _only(model: type[Model], names: Collection[str]) -> Mapping[str, Any]:
    return {name: schema for name, schema in _properties(model).items() if name in names}


def _declaration(name: str, key: Key) -> str:
    heading = f"\n  # {_HEADINGS[name]}\n" if name in _HEADINGS else ""
    if ":" in name:
        return f"{heading}  {name}:\n    value: {key.default}\n"
    schema = _properties(key.model)[name]
    lines = {
        # Pulumi has no type for a list of names and objects; the program checks it.
        "type": None if name == "multidev" else schema["type"],
        "items": f"{{type: {schema['items']['type']}}}" if "items" in schema else None,
        "default": json.dumps(key.default),
        "description": json.dumps(schema["description"], ensure_ascii=False),
    }
    declared = "".join(f"    {word}: {value}\n" for word, value in lines.items() if value is not None)
    return f"{heading}  {name}:\n{declared}"


def _rows(name: str, model: type[Model], field: str) -> Iterator[str]:
    """Yield the row of a key, and those of the keys inside it."""
    info = model.model_fields[field]
    schema = schema_of(model)["properties"][info.alias]
    inner = [] if name in _ENTRIES else _models(info.annotation)
    default = "" if inner or info.is_required() else Key(None, model, field).default
    shown = default if isinstance(default, str) else json.dumps(default)
    cells = [
        f"`{name}`",
        _ENTRIES.get(name) or describe(schema, schema_of(model)),
        "" if default in ("", [], {}) else f"`{shown}`",
        meanings(model).get(field, ""),
    ]
    yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    path = f"{name}[]" if resolve(schema, schema_of(model))["type"] == "array" else name
    for kind in inner:
        is_union = len(inner) > 1
        # The `type` of an object in a union names its model.
        below = f"{path}[{get_args(kind.model_fields['type'].annotation)[0]}]" if is_union else path
        for own, own_info in kind.model_fields.items():
            if not (is_union and own == "type"):
                yield from _rows(f"{below}.{own_info.alias}", kind, own)


def _models(annotation: Any) -> list[type[Model]]:
    """Return the models of an annotation: alone, in a list, by name or in a union."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models(argument)]


def main() -> None:
    """Write all of it."""
    project_file = ROOT / "Pulumi.yaml"
    project_file.write_text(with_config(project_file.read_text(encoding="utf-8")), encoding="utf-8")
    for path, names in DOCUMENTS.items():
        document = ROOT / path
        document.write_text(with_table(document.read_text(encoding="utf-8"), names), encoding="utf-8")
    (ROOT / SCHEMA).write_text(stack_schema(), encoding="utf-8")


if __name__ == "__main__":
    main()
