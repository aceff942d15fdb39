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

from infra.settings import ImageSettings, Key, ServiceSettings, keys
from infra.settings.model import Model
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
    "services": "Services beside the main one, and copies",
    "notifications": "What is seen, and who is told",
}
_ENTRIES: Final = {
    "services": "an object of names, each with an object of keys of a service or an image",
    "multidev": "a list of names or objects",
}
"""Keys whose entries have keys that stand elsewhere in the table, and what they take."""
_PLAIN: Final = ["string", "number", "boolean"]
_PRESETS: Final = "  pulumi:disable-default-providers:\n    value: [aws]\n"


def program_config() -> str:
    """Return the `config:` block of `Pulumi.yaml`."""
    return "config:\n" + _PRESETS + "".join(_declaration(name, key) for name, key in keys().items())


def table(names: Collection[str]) -> str:
    """Return a table with a row for each of some keys, and for each key inside it."""
    rows = "\n".join(row for name in names for row in _rows(name, keys()[name].name, keys()[name].model))
    return f"| Key | Value | Default | Meaning |\n|---|---|---|---|\n{rows}"


def stack_schema() -> str:
    """Return the JSON schema of a stack file."""
    ours = {
        name if ":" in name else f"{PROJECT}:{name}": _editable(name, key) for name, key in keys().items()
    }
    text = {"type": "string"}
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"A stack file of {PROJECT}",
        "type": "object",
        "properties": {
            "config": {
                "type": ["object", "null"],
                "properties": ours,
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
    above = model.__bases__[0]
    found = {} if above is Model else dict(meanings(above))
    for field, after in pairwise(cast("ast.ClassDef", definition).body):
        if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr):
            text = ast.literal_eval(after.value)
            found[ast.unparse(field.target)] = " ".join(str(text).split()).removesuffix(".")
    return found


def _declaration(name: str, key: Key) -> str:
    heading = f"\n  # {_HEADINGS[name]}\n" if name in _HEADINGS else ""
    if ":" in name:
        return f"{heading}  {name}:\n    value: {key.default}\n"
    kind = None if name == "multidev" else _kind(name, key)
    lines = {
        # Without a type, for Pulumi has none for a list of names and objects; the program checks it.
        "type": kind,
        "items": f"{{type: {_items(key)}}}" if kind == "array" else None,
        "default": json.dumps(key.default),
        "description": json.dumps(meanings(key.model)[key.name], ensure_ascii=False),
    }
    declared = "".join(f"    {word}: {value}\n" for word, value in lines.items() if value is not None)
    return f"{heading}  {name}:\n{declared}"


def _kind(name: str, key: Key) -> str:
    return "object" if name == "services" else str(_property(key.name, key.model)["type"])


def _items(key: Key) -> str:
    return str(resolve(_property(key.name, key.model)["items"], schema_of(key.model))["type"])


def _property(field: str, model: type[Model]) -> Mapping[str, Any]:
    whole = schema_of(model)
    return resolve(whole["properties"][str(model.model_fields[field].alias)], whole)


def _rows(name: str, field: str, model: type[Model]) -> Iterator[str]:
    inner = _inner(model.model_fields[field].annotation) if name not in _ENTRIES else None
    schema = _property(field, model)
    takes = _ENTRIES.get(name) or describe(schema, schema_of(model))
    has_default = inner is None and not model.model_fields[field].is_required()
    default = Key(None, model, field).default if has_default else ""
    shown = (
        "" if default in ("", [], {}) else f"`{default if isinstance(default, str) else json.dumps(default)}`"
    )
    cells = [f"`{name}`", takes, shown, meanings(model).get(field, "")]
    yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    if inner is not None:
        within = f"{name}[]" if schema["type"] == "array" else name
        kinds = _inners(model.model_fields[field].annotation)
        for kind in kinds:
            # An object of several kinds says by its `type` which it is.
            shown = f"{within}[{_type_of(kind)}]" if len(kinds) > 1 else within
            for own, one in kind.model_fields.items():
                if len(kinds) == 1 or own != "type":
                    yield from _rows(f"{shown}.{one.alias}", own, kind)


def _inner(annotation: Any) -> type[Model] | None:
    """Return the model that a type is of, alone or in a list; the first of several."""
    return next(iter(_inners(annotation)), None)


def _inners(annotation: Any) -> list[type[Model]]:
    """Return the models that a type may be of, alone, in a list or by name."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return [annotation]
    return [found for one in get_args(annotation) for found in _inners(one)]


def _type_of(model: type[Model]) -> str:
    (kind,) = get_args(model.model_fields["type"].annotation)
    return kind


def _editable(name: str, key: Key) -> Mapping[str, Any]:
    """Return the schema of a key with the meanings in it, and without references."""
    if name == "multidev":
        named = {str(field.alias): own for own, field in Copy.model_fields.items()}
        said = {one: _described(named[one], Copy) for one in KEYS_OF_A_COPY}
        entry = {"type": "object", "properties": said, "required": ["name"], "additionalProperties": False}
        items = {"anyOf": [{"type": "string"}, entry]}
        return {"type": "array", "items": items, "description": meanings(key.model)[key.name]}
    if name == "services":
        entry = {"type": ["object", "null"], "properties": _of_a_service(), "additionalProperties": False}
        meaning = meanings(key.model)[key.name]
        return {"type": "object", "additionalProperties": entry, "description": meaning}
    described = _described(key.name, key.model)
    # At the top, YAML's numbers and flags are taken for text.
    return {**described, "type": _PLAIN} if key.is_text else described


def _of_a_service() -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for model in (ImageSettings, ServiceSettings):
        named = {str(field.alias): own for own, field in model.model_fields.items()}
        found |= {
            alias: _described(own, model)
            for alias, own in named.items()
            if alias in (KEYS_OF_A_SERVICE if model is ServiceSettings else SOURCE_KEYS)
        }
    return found


def _described(field: str, model: type[Model]) -> Mapping[str, Any]:
    inner = _inner(model.model_fields[field].annotation)
    schema = _expanded(_property(field, model), schema_of(model), inner)
    meaning = meanings(model).get(field)
    return {**schema, **({"description": meaning} if meaning else {})}


def _expanded(
    schema: Mapping[str, Any], whole: Mapping[str, Any], inner: type[Model] | None
) -> dict[str, Any]:
    schema = resolve(schema, whole)
    kept = {name: value for name, value in schema.items() if name not in ("title", "$ref", "anyOf", "$defs")}
    if "properties" in kept and inner is not None:
        kept["properties"] = {
            str(field.alias): _described(own, inner) for own, field in inner.model_fields.items()
        }
        kept.pop("description", None)
    if kinds := kept.pop("discriminator", None):
        models = {kind.__name__: kind for kind in Model.__subclasses__()}
        kept["oneOf"] = [
            _expanded({"$ref": reference}, whole, models[reference.rpartition("/")[2]])
            for reference in kinds["mapping"].values()
        ]
    for name in ("items", "additionalProperties"):
        if isinstance(kept.get(name), Mapping):
            kept[name] = _expanded(kept[name], whole, inner)
    if "patternProperties" in kept:
        kept["patternProperties"] = {
            name: _expanded(value, whole, inner) if inner else {**value, "type": _PLAIN}
            for name, value in kept["patternProperties"].items()
        }
        kept["additionalProperties"] = False
    return kept


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
