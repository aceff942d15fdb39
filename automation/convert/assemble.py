"""The configuration of a stack, from services that have all their keys.

In a stack file a service inherits from the main one the keys that it does not set. So equal values are left
out here, and values that only the main one has are reset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from automation.convert.draft import Draft, short_name
from automation.convert.source import mapping
from infra.settings import keys
from infra.settings.names import LONGEST_MAIN_NAME
from infra.settings.services import KEYS_NOT_INHERITED, KEYS_OF_A_SERVICE, KEYS_OF_ENVIRONMENT, SOURCE_KEYS
from infra.settings.traffic import KEYS_OF_AN_EXPOSURE, TrafficSettings

_SOURCES: Final = ("image", *SOURCE_KEYS)
_NEVER_IN_AN_ENTRY: Final = (*_SOURCES, "name", "log-retention-days")
_SWITCHED: Final = ("autoscaling", "connect", "discovery")
"""Objects that `enabled: false` switches off."""
_OF_REQUESTS: Final = (
    *(str(field.alias) for field in TrafficSettings.model_fields.values() if field.alias != "exposure"),
    *("health-check-grace-period-seconds", "container-port"),
)
"""Keys without a meaning for a service without requests, unless it sets them itself."""
_ORDER: Final = (*dict.fromkeys(("exposure", *_SOURCES, "inherit-environment", *KEYS_OF_A_SERVICE)),)


def names_for(origins: Iterable[str]) -> dict[str, str]:
    """Return a name in the stack for each name in another tool's file."""
    names: dict[str, str] = {}
    for origin in origins:
        name = first = short_name(origin.lower(), LONGEST_MAIN_NAME) or "app"
        number = 2
        while name in names.values():
            name = f"{first[: LONGEST_MAIN_NAME - len(f'-{number}')].strip('-')}-{number}"
            number += 1
        names[origin] = name
    return names


def config_of(main: Draft, others: Sequence[Draft], stack: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stack's configuration by key, without the project's prefix.

    Args:
        main: the service whose keys stand at the top.
        others: the others.
        stack: keys that belong to no service.
    """
    config = {**stack, "name": main.name, **main.keys}
    if others:
        config["services"] = {other.name: _entry(main, other) for other in others}
    return {key: config[key] for key in keys() if key in config}


def _entry(main: Draft, service: Draft) -> dict[str, Any]:
    """Return the keys of a service that are different from those that it inherits."""
    foreign = [name for of, names in KEYS_OF_AN_EXPOSURE.items() if of != service.exposure for name in names]
    not_inherited = (*KEYS_NOT_INHERITED, *foreign, *_SOURCES)
    inherited = {key: value for key, value in main.keys.items() if key not in not_inherited}
    if service.exposure == "none":
        inherited["health-check-command"] = []
    entry = _image(main, service)
    if not _shares_variables(main, service):
        entry["inherit-environment"] = False
        inherited = {key: value for key, value in inherited.items() if key not in KEYS_OF_ENVIRONMENT}
    for key in (key for key in KEYS_OF_A_SERVICE if key not in _NEVER_IN_AN_ENTRY):
        before, own = inherited.get(key), service.keys.get(key)
        # A service with the main one's image waits for its migration.
        is_inherited = key == "migration" or (service.exposure == "none" and key in _OF_REQUESTS)
        default = _default(key)
        after = default if own is None else own
        if after == (default if before is None else before) or (own is None and is_inherited):
            continue
        if own is None and isinstance(after, dict) and key in _SWITCHED:
            entry[key] = {"enabled": False}
        elif isinstance(after, dict) and isinstance(before, dict):
            entry[key] = _changes(mapping(cast("object", before)), own or {})
        else:
            entry[key] = after
    return {key: entry[key] for key in _ORDER if key in entry}


def _shares_variables(main: Draft, service: Draft) -> bool:
    """Whether a service has most of the main one's variables."""
    variables = [(mapping(main.keys.get(key)), mapping(service.keys.get(key))) for key in KEYS_OF_ENVIRONMENT]
    removed = sum(name not in own for inherited, own in variables for name in inherited)
    shared = sum(own.get(name) == value for inherited, own in variables for name, value in inherited.items())
    return removed <= shared


def _default(key: str) -> Any:
    """Return a key's default as an entry may have it."""
    if key == "capacity-provider-strategy":
        return [{"capacity-provider": "FARGATE", "weight": 1}]
    default = keys()[key].default if key in keys() else 0
    return None if default == "" else default


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object that, merged into one, makes it another."""
    changes: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        inner = before.get(name)
        if inner == value:
            continue
        are_objects = [type(inner), type(value)] == [dict, dict]
        changes[name] = _changes(mapping(inner), mapping(value)) if are_objects else value
    return changes


def _image(main: Draft, service: Draft) -> dict[str, Any]:
    """Return where a service's image comes from; nothing if it runs the main one's."""
    own, of_main = (
        {key: draft.keys[key] for key in _SOURCES if key in draft.keys} for draft in (service, main)
    )
    is_same_processor = service.keys.get("architecture") == main.keys.get("architecture")
    if own == of_main and (is_same_processor or "image" in own):
        return {}
    return {"image": own["image"]} if "image" in own else {"app-path": keys()["app-path"].default, **own}
