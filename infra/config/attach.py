"""Rules for stacks that attach to another one, and for the stack that they attach to."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from infra.config.image import STACK_NAME, STACK_NAME_FORM, is_this_stack
from infra.config.multidev import copy_of
from infra.config.names import (
    DNS_LABEL,
    DNS_LABEL_FORM,
    LONGEST_SERVICE_NAME,
    PRIORITIES_OF_ATTACHED,
    copy_service_name,
    priority_of_attached,
)
from infra.settings import AttachSettings, PreviewSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.config.record import Record
    from infra.settings import AlarmSettings, ServiceSettings

KEYS_OF_THE_BASE: Final = (
    *("protect", "repository", "image-from", "retained-images"),
    *("vpc-id", "public-subnet-ids", "private-subnet-ids", "cidr", "availability-zones", "nat"),
    *("egress", "container-insights", "tls-policy", "test-cidrs"),
    *("rollout", "multidev", "preview-stacks"),
)
"""What is decided where the shared things are made; a stack with `attach-to` leaves it at its default."""

_ATTACH_TO: Final = "attach-to"
_EXPIRES: Final = "expires"
_PRIORITY: Final = "priority"
_ALARMS: Final = "alarms"
_MOST_PREVIEWS: Final = 99
_HOURS_OF_A_YEAR: Final = 8760
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|\+00:00)", re.ASCII)
_TIME_FORM: Final = "a time in UTC such as 2026-11-24T12:00:00Z"


def read_attach(config: Record, *, project: str, stack: str) -> AttachSettings | None:
    """Read which stack this one attaches to; None where it stands for itself."""
    faults = config.faults
    base = config.optional_text(_ATTACH_TO, allowed=STACK_NAME_FORM, pattern=STACK_NAME)
    expires = _read_expires(config)
    _check_priority(config)
    if base is None:
        _refuse_without_base(config)
        return None
    if is_this_stack(base, project=project, stack=stack):
        faults.add(_ATTACH_TO, base, "another stack than this one")
    for key in KEYS_OF_THE_BASE:
        if not _is_default(config, key):
            faults.add(key, config.values[key], f"nothing, for `{_ATTACH_TO}` is set: {base} decides it")
    return AttachSettings(base=base, expires=expires)


def read_preview_stacks(config: Record) -> PreviewSettings:
    """Read what whoever makes stacks for pull requests has to keep to."""
    entry = config.section("preview-stacks")
    return PreviewSettings(
        # One load balancer carries 100 rules, and one is the main service's.
        maximum=entry.whole("maximum", 0, _MOST_PREVIEWS),
        lifetime_hours=entry.whole("lifetime-hours", 1, _HOURS_OF_A_YEAR),
    )


def attached_service(config: Record, main: ServiceSettings, *, stack: str) -> ServiceSettings:
    """Return the one service of an attached stack: what a copy with the stack's name would be."""
    _check_name(config, main, stack)
    priority = config.whole(_PRIORITY, 0) or priority_of_attached(stack)
    return copy_of(main, stack, priority=priority)


def alarms_of_attached(config: Record, alarms: AlarmSettings | None) -> AlarmSettings | None:
    """Return the alarms that an attached stack asks for itself: the default ones are for what stays."""
    return None if _is_default(config, _ALARMS) else alarms


def _check_name(config: Record, main: ServiceSettings, stack: str) -> None:
    faults = config.faults
    if faults.found_at(_ATTACH_TO, "name"):
        return
    base = config.values[_ATTACH_TO]
    where = f"only in a stack with another name than {stack}, for it names host and service"
    if not DNS_LABEL.fullmatch(stack):
        faults.add(_ATTACH_TO, base, f"{where}: {DNS_LABEL_FORM}")
        return
    longest = LONGEST_SERVICE_NAME - len(copy_service_name(main.name, ""))
    if len(stack) > longest:
        faults.add(_ATTACH_TO, base, f"{where}: at most {longest} characters beside `name` ({main.name})")


def _check_priority(config: Record) -> None:
    first, last = PRIORITIES_OF_ATTACHED[0], PRIORITIES_OF_ATTACHED[-1]
    if 0 < config.whole(_PRIORITY, 0, last) < first:
        config.faults.add(_PRIORITY, config.values[_PRIORITY], f"a whole number from {first} to {last}, or 0")


def _read_expires(config: Record) -> str | None:
    text = config.optional_text(_EXPIRES, allowed=_TIME_FORM, pattern=_TIME)
    if text is None:
        return None
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%dT%H:%M:%SZ}"
    except ValueError as error:
        config.faults.add(_EXPIRES, text, f"{_TIME_FORM} ({error})")
        return text


def _refuse_without_base(config: Record) -> None:
    for key in (_EXPIRES, _PRIORITY):
        if not _is_default(config, key) and not config.faults.found_at(_ATTACH_TO, key):
            config.faults.add(key, config.values[key], f"of use only together with `{_ATTACH_TO}`; remove it")


def _is_default(config: Record, key: str) -> bool:
    """Whether a key says nothing: the CLI hands over defaults as if the stack file had them."""
    value = config.values.get(key)
    default = config.defaults.get(key)
    return value == default or _from_text(value) == default


def _from_text(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        found: Mapping[str, object] | object = json.loads(value)
    except ValueError:
        return value
    return found
