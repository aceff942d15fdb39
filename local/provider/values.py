"""Property values as they cross the border: protobuf structs outside, plain Python inside.

Inside, a whole number is an int, an unknown is `UNKNOWN`, and secrets and resource references keep the
wrapper that they have in the checkpoint, until `reveal` takes the secrets off for a handler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

from google.protobuf import struct_pb2

from local.resources.base import UNKNOWN, Properties, Unknown
from local.resources.construct import ResourceReference

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- the wire's mark, no secret
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

Path = tuple[str | int, ...]


def decode(struct: struct_pb2.Struct) -> Properties:
    """Turn a protobuf struct into properties."""
    return {key: _decode_value(value) for key, value in struct.fields.items()}


def _decode_value(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return UNKNOWN if value.string_value == UNKNOWN_TEXT else value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return decode(value.struct_value)
        case "list_value":
            return [_decode_value(item) for item in value.list_value.values]
        case _:
            return None


def encode(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Turn properties into a protobuf struct."""
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        _encode_into(struct.fields[key], value)
    return struct


def _encode_into(target: struct_pb2.Value, value: Any) -> None:
    match value:
        case None:
            target.null_value = struct_pb2.NULL_VALUE
        case Unknown():
            target.string_value = UNKNOWN_TEXT
        case bool():
            target.bool_value = value
        case int() | float():
            target.number_value = value
        case str():
            target.string_value = value
        case ResourceReference():
            target.struct_value.CopyFrom(encode(reference(value.urn, value.id)))
        case Mapping():
            target.struct_value.SetInParent()
            for key, item in cast("Mapping[str, Any]", value).items():
                _encode_into(target.struct_value.fields[key], item)
        case _:
            target.list_value.SetInParent()
            for item in value:
                _encode_into(target.list_value.values.add(), item)


def reference(urn: str, identifier: Any) -> Properties:
    """A resource as a property value."""
    return {SIGNATURE: RESOURCE, "urn": urn, "id": identifier, "packageVersion": ""}


def secret(value: Any) -> Properties:
    """A value that must not be shown, nor written in the clear."""
    return {SIGNATURE: SECRET, "value": value}


def is_secret(value: Any) -> bool:
    """Whether `value` wears the secret's wrapper."""
    return isinstance(value, Mapping) and cast("Mapping[str, Any]", value).get(SIGNATURE) == SECRET


def map_secrets(value: Any, change: Callable[[Any], Any]) -> Any:
    """Copy `value` with each secret wrapper replaced by what `change` makes of it."""
    if is_secret(value):
        return change(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {key: map_secrets(item, change) for key, item in items}
    if isinstance(value, list):
        return [map_secrets(item, change) for item in cast("list[Any]", value)]
    return value


def reveal(value: Any) -> Any:
    """Copy `value` without the secret wrappers."""
    return map_secrets(value, lambda wrapped: reveal(wrapped["value"]))


def secret_paths(value: Any, at: Path = ()) -> set[Path]:
    """Where the secrets are."""
    if is_secret(value):
        return {at}
    found: set[Path] = set()
    if isinstance(value, Mapping):
        for key, item in cast("Mapping[str, Any]", value).items():
            found |= secret_paths(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            found |= secret_paths(item, (*at, index))
    return found


def conceal(value: Properties, paths: Iterable[Path]) -> Properties:
    """Copy `value` with the secret wrapper around what stands at `paths`, where there is something."""
    concealed: Any = value
    for path in paths:
        concealed = _conceal_one(concealed, path)
    return concealed


def _conceal_one(value: Any, path: Path) -> Any:
    if not path:
        return value if is_secret(value) else secret(value)
    head, rest = path[0], path[1:]
    match value, head:
        case Mapping(), str() if head in value and not is_secret(value):
            mapping = cast("Mapping[str, Any]", value)
            return {**mapping, head: _conceal_one(mapping[head], rest)}
        case list(), int() if head < len(cast("list[Any]", value)):
            items = cast("list[Any]", value)
            return [*items[:head], _conceal_one(items[head], rest), *items[head + 1 :]]
        case _:
            return value


def has_unknown(value: Any) -> bool:
    """Whether something in `value` only exists after an update."""
    if isinstance(value, Unknown):
        return True
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in cast("Mapping[str, Any]", value).values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in cast("list[Any]", value))
    return False
