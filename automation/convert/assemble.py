"""A stack's configuration out of services that each stand for themselves.

In a stack file a service takes from the main one whatever it does not say. So what is equal is left out here,
and what only the main one has is taken back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from infra.settings import keys
from infra.settings.names import LONGEST_MAIN_NAME
from infra.settings.services import KEYS_NOT_INHERITED, KEYS_OF_A_SERVICE, SOURCE_KEYS
from infra.settings.traffic import KEYS_OF_AN_EXPOSURE, TrafficSettings

_HTTP: Final = "http"
_SOURCES: Final = ("image", *SOURCE_KEYS)
_OF_THE_STACK: Final = ("name", "log-retention-days")
_SWITCHED: Final = ("autoscaling", "connect", "discovery")
"""Objects that `enabled: false` switches off as a whole."""
_OF_REQUESTS: Final = (
    *(str(one.alias) for one in TrafficSettings.model_fields.values() if one.alias != "exposure"),
    *("health-check-grace-period-seconds", "container-port"),
)
"""Keys that mean nothing for a service that nobody reaches, unless it says them itself."""
_FIRST: Final = ("exposure", *_SOURCES)
_ORDER: Final = (*_FIRST, *(key for key in KEYS_OF_A_SERVICE if key not in _FIRST))


@dataclass
class Service:
    """A service with all that it says, as if it were the only one."""

    name: str
    keys: dict[str, Any] = field(default_factory=dict[str, Any])
    """Its keys, and where its image comes from, with values of JSON's types."""
    origin: str = ""
    """What it was made from, for a comment."""

    @property
    def exposure(self) -> str:
        """How it is reached."""
        return self.keys.get("exposure", _HTTP)


def names_for(names: Iterable[str]) -> dict[str, str]:
    """Return names that services of a stack can have, by what they are called elsewhere."""
    given: dict[str, str] = {}
    for name in names:
        label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "app"
        short = label[:LONGEST_MAIN_NAME].strip("-")
        number = 2
        while short in given.values():
            end = f"-{number}"
            short = f"{label[: LONGEST_MAIN_NAME - len(end)].strip('-')}{end}"
            number += 1
        given[name] = short
    return given


def config_of(main: Service, others: Sequence[Service], stack: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stack's configuration by key, without the project's prefix.

    Args:
        main: the service whose keys stand at the top.
        others: the others.
        stack: keys that belong to no service.
    """
    said = {**stack, "name": main.name, **main.keys}
    if others:
        said["services"] = {one.name: _entry(main, one) for one in others}
    return {key: said[key] for key in keys() if key in said}


def _entry(main: Service, own: Service) -> dict[str, Any]:
    """Return what a service says beside the main one."""
    base = {key: value for key, value in main.keys.items() if key not in _not_inherited(own)}
    unreached = own.exposure == "none"
    if unreached:
        base["health-check-command"] = []
    entry = {**_image(main, own)}
    for key in (key for key in KEYS_OF_A_SERVICE if key not in (*_SOURCES, *_OF_THE_STACK)):
        there, wanted = base.get(key), own.keys.get(key)
        if wanted is None and (key == "migration" or (unreached and key in _OF_REQUESTS)):
            # Whoever runs the main one's image waits for its migration.
            continue
        if key in own.keys or key in base:
            found = [*_difference(key, there, wanted)]
            entry |= {key: found[0]} if found else {}
    return {key: entry[key] for key in _ORDER if key in entry}


def _not_inherited(own: Service) -> list[str]:
    others = [key for one, names in KEYS_OF_AN_EXPOSURE.items() if one != own.exposure for key in names]
    return [*KEYS_NOT_INHERITED, *others, *_SOURCES]


def _difference(key: str, there: Any, wanted: Any) -> Iterator[Any]:
    """Yield what has to be said to turn one value of a key into another; nothing if they mean the same."""
    default = _default(key)
    before, after = default if there is None else there, default if wanted is None else wanted
    if before == after:
        return
    if isinstance(after, dict) and key in _SWITCHED and wanted is None:
        yield {"enabled": False}
    elif isinstance(after, dict) and isinstance(there, dict):
        yield _changes(cast("dict[str, Any]", there), cast("dict[str, Any]", wanted or {}))
    else:
        yield after


def _default(key: str) -> Any:
    """Return a key's default as it may stand in an entry, where null is none."""
    if key == "capacity-provider-strategy":
        return [{"capacity-provider": "FARGATE", "weight": 1}]
    default = keys()[key].default if key in keys() else 0
    return None if default == "" else default


def _changes(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object that, laid over one, makes it another."""
    changes: dict[str, Any] = {}
    for name, value in wanted.items():
        before = there.get(name)
        if before == value:
            continue
        both = isinstance(before, dict) and isinstance(value, dict)
        changes[name] = (
            _changes(cast("dict[str, Any]", before), cast("dict[str, Any]", value)) if both else value
        )
    return {**changes, **{name: None for name in there if name not in wanted}}


def _image(main: Service, own: Service) -> dict[str, Any]:
    """Return where a service's image comes from; nothing if it runs the main one's."""
    mine, theirs = ({key: one.keys[key] for key in _SOURCES if key in one.keys} for one in (own, main))
    same_processor = own.keys.get("architecture") == main.keys.get("architecture")
    if mine == theirs and (same_processor or "image" in mine):
        return {}
    if "image" in mine:
        return {"image": mine["image"]}
    return {"app-path": keys()["app-path"].default, **mine}
