"""Inheritance between services: the keys that one sets are merged over another's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from infra.settings.faults import Fault
from infra.settings.model import Model
from infra.settings.schema import faults_in

M = TypeVar("M", bound=Model)


def inherit(
    model: type[M], base: Model, *layers: Mapping[str, Any], without: Collection[str] = ()
) -> tuple[M | None, list[Fault]]:
    """Return a model with the keys that another one sets, or None and its faults.

    Objects are merged name by name, however deep. A name with null is not inherited.

    Args:
        model: type of the new model.
        base: model to inherit from; keys that it does not set have their defaults.
        layers: values over it by the keys of a stack file, each over the one before.
        without: keys that are not inherited.
    """
    values = base.model_dump(by_alias=True, exclude_unset=True)
    merged = {key: value for key, value in values.items() if key not in without}
    for layer in layers:
        # At the top null switches a key off.
        merged = {**_merge(merged, layer), **{key: None for key, value in layer.items() if value is None}}
    try:
        return model.model_validate(merged, by_alias=True, by_name=False), []
    except ValidationError as error:
        return None, list(faults_in(error, model))


def _merge(inherited: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(inherited)
    for key, value in own.items():
        below = merged.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            merged[key] = _merge(cast("dict[str, Any]", below), cast("dict[str, Any]", value))
        else:
            merged[key] = value
    return {key: value for key, value in merged.items() if value is not None}


def own_address(label: str, domain: str | None) -> dict[str, str | None]:
    """Return host and path prefix of a service: a label below the domain, or a path without a domain."""
    return {
        "host": f"{label}.{domain}" if domain else None,
        "path_prefix": None if domain else f"/{label}",
    }
