"""Converts property values between the protocol's protobuf structs and plain Python.

In Python a whole number is an int, an unknown is `UNKNOWN`, and secrets and resource references have the
wrapper of the checkpoint, until `reveal` removes the secrets' for a handler.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from google.protobuf import struct_pb2

from local.resources.base import UNKNOWN, Properties, Unknown
from local.resources.construct import ResourceReference

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- the protocol's marker, not a secret
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def decode(struct: struct_pb2.Struct) -> Properties:
    """Convert a protobuf struct to properties."""
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
    """Convert properties to a protobuf struct."""
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
    """Return a resource as a property value."""
    return {SIGNATURE: RESOURCE, "urn": urn, "id": identifier, "packageVersion": ""}


def secret(value: Any) -> Properties:
    """Return a value in the wrapper of secrets."""
    return {SIGNATURE: SECRET, "value": value}


def is_secret(value: Any) -> bool:
    """Whether `value` has the wrapper of secrets."""
    return isinstance(value, Mapping) and cast("Mapping[str, Any]", value).get(SIGNATURE) == SECRET


def reveal(value: Any) -> Any:
    """Copy `value` without the secret wrappers."""
    if is_secret(value):
        return reveal(value["value"])
    if isinstance(value, Mapping):
        return {key: reveal(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [reveal(item) for item in cast("list[Any]", value)]
    return value


def plain(struct: struct_pb2.Struct) -> Properties:
    """Convert a protobuf struct to a handler's properties, without secret wrappers."""
    return reveal(decode(struct))


def conceal(value: Any, *patterns: Any) -> Any:
    """Copy `value` with secret wrappers wherever one of `patterns` has them."""
    if any(is_secret(pattern) for pattern in patterns):
        return secret(value)
    if isinstance(value, Mapping):
        mappings = [cast("Mapping[str, Any]", p) for p in patterns if isinstance(p, Mapping)]
        items = cast("Mapping[str, Any]", value).items()
        return {key: conceal(item, *(mapping.get(key) for mapping in mappings)) for key, item in items}
    if isinstance(value, list):
        lists = [cast("list[Any]", p) for p in patterns if isinstance(p, list)]
        items = enumerate(cast("list[Any]", value))
        return [conceal(item, *(parts[i] for parts in lists if i < len(parts))) for i, item in items]
    return value


def has_unknown(value: Any) -> bool:
    """Whether `value` contains an unknown."""
    if isinstance(value, Unknown):
        return True
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in cast("Mapping[str, Any]", value).values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in cast("list[Any]", value))
    return False
