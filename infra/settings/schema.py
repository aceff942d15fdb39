"""JSON schemas of the models, and the faults in what they refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from infra.settings.faults import Fault, FaultsError, NoValue, Path, unknown_key

Schema = Mapping[str, Any]
"""A JSON schema, or a part of one."""

DESCRIPTION: Final = "errorMessage"
"""JSON schema keyword, understood by editors, with what a type's values may be."""
_NO_LIMIT: Final = 10**9


@cache
def schema_of(model: type[BaseModel]) -> Schema:
    """Return the JSON schema of a model, by its keys."""
    return model.model_json_schema(by_alias=True)


def faults_in(error: ValidationError, model: type[BaseModel]) -> Iterator[Fault]:
    """Yield what a model refused, in the project's words: pydantic's own messages show values."""
    root = schema_of(model)
    errors = error.errors(include_url=False)
    for entry in errors:
        loc, context = entry["loc"], entry.get("ctx", {})
        if entry["type"] == "too_short" and any(
            other["loc"][: len(loc)] == loc for other in errors if other != entry
        ):
            # The items that the list had are refused already.
            continue
        path = _without_tags(root, loc)
        if isinstance(raised := context.get("error"), FaultsError):
            for fault in raised.faults:
                value = entry["input"] if fault.value is NoValue.FROM_MODEL else fault.value
                yield Fault(path + fault.path, fault.allowed, value, is_rule=True)
        elif entry["type"] == "extra_forbidden":
            yield unknown_key(path, entry["input"], _at(root, loc[:-1])["properties"], listed=True)
        elif path[-1] == "[key]":
            names = _at(root, loc[:-2])["propertyNames"]
            yield Fault(path[:-1], f"the name must be {describe(names, root)}", NoValue.NAME)
        elif entry["type"] == "too_long":
            yield Fault(path, f"at most {context['max_length']}", f"{len(entry['input'])} items")
        elif entry["type"].startswith("union_tag_"):
            union = _at(root, path)["discriminator"]
            tag = str(union["propertyName"])
            value = entry["input"].get(tag, NoValue.MISSING)
            yield Fault((*path, tag), f"one of {', '.join(union['mapping'])}", value)
        else:
            value = NoValue.MISSING if entry["type"] == "missing" else entry["input"]
            yield Fault(path, describe(_at(root, loc), root), value)


def describe(schema: Schema, root: Schema) -> str:  # noqa: PLR0911 - one for each kind of type
    """Return what a part of a schema accepts, in words."""
    schema = resolve(schema, root)
    if description := schema.get(DESCRIPTION):
        return description
    if options := schema.get("enum"):
        return f"one of {', '.join(map(str, options))}"
    if union := schema.get("discriminator"):
        return f"an object with {union['propertyName']}, one of {', '.join(union['mapping'])}, and its keys"
    match schema.get("type"):
        case "array":
            least = " with at least one item" if schema.get("minItems") else ""
            return f"a list{least}, each item {describe(schema['items'], root)}"
        case "object":
            if keys := schema.get("properties"):
                return f"an object with {', '.join(keys)}"
            return f"an object of names, each with {describe(_values(schema), root)}"
        case "integer":
            least, most = schema["minimum"], schema["maximum"]
            bounds = f", {least} or more" if most >= _NO_LIMIT else f" from {least} to {most}"
            return f"a whole number{bounds}"
        case "boolean":
            return "true or false"
        case _:
            return "text"


def resolve(schema: Schema, root: Schema) -> Schema:
    """Return a schema with its reference followed, and without null as an alternative."""
    for alternative in schema.get("anyOf", ()):
        if alternative.get("type") != "null":
            return resolve({**schema, **alternative, "anyOf": ()}, root)
    if reference := schema.get("$ref"):
        return resolve({**root["$defs"][reference.rpartition("/")[2]], **schema, "$ref": None}, root)
    return schema


def _without_tags(root: Schema, loc: Path) -> Path:
    """Return a path as the stack file has it: pydantic adds the tag of each discriminated union."""
    return tuple(
        part for index, part in enumerate(loc) if part == "[key]" or part not in _tags(_at(root, loc[:index]))
    )


def _tags(schema: Schema) -> Mapping[str | int, str]:
    """Return a discriminated union's references by tag; empty for any other schema."""
    return schema.get("discriminator", {}).get("mapping", {})


def _at(root: Schema, path: Path) -> Schema:
    """Return the part of a schema that describes a path."""
    schema = resolve(root, root)
    for part in path:
        if reference := _tags(schema).get(part):
            inner: Schema = {"$ref": reference}
        elif isinstance(part, int):
            inner = schema["items"]
        else:
            inner = schema.get("properties", {}).get(part) or _values(schema)
        schema = resolve(inner, root)
    return schema


def _values(schema: Schema) -> Schema:
    """Return the schema of an object's values, whatever their names."""
    patterns: Schema = schema.get("patternProperties", {})
    return schema.get("additionalProperties") or next(iter(patterns.values()))
