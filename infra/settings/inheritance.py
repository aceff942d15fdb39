"""Inheritance between services: keys that are set are merged over another service's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

from infra.settings.model import Model


def laid_over(model: Model, *layers: Mapping[str, Any], without: Collection[str] = ()) -> dict[str, Any]:
    """Return what a model was told, with what others say over it.

    Objects are merged name by name, however deep. A name without a value is one that is not inherited.

    Args:
        model: whose keys are the base; those that it was not told are left to their defaults.
        layers: what is said over it, by keys as a stack file has them, one over the other.
        without: keys that are not inherited.
    """
    merged = {
        key: value
        for key, value in model.model_dump(by_alias=True, exclude_unset=True).items()
        if key not in without
    }
    for said in layers:
        # At the top a key without a value is one that is switched off.
        merged = {**_merged(merged, said), **{key: None for key, value in said.items() if value is None}}
    return merged


def _merged(inherited: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    both = {**inherited}
    for key, value in said.items():
        below = both.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            both[key] = _merged(cast("dict[str, Any]", below), cast("dict[str, Any]", value))
        else:
            both[key] = value
    return {key: value for key, value in both.items() if value is not None}
