"""Rules for what runs before a service changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from infra.settings import Migration

if TYPE_CHECKING:
    from infra.config.record import Record

_KEY: Final = "migration"
_FIELDS: Final = ("command", "timeout-minutes")
_FORM: Final = "an object with command (a list) and timeout-minutes, or {} for no migration"
_DEFAULT_MINUTES: Final = 15


def read_migration(config: Record) -> Migration | None:
    """Read the migration, if there is one."""
    entry = config.record(_KEY, _FIELDS, allowed=_FORM)
    if entry is None or entry.is_empty:
        return None
    command = entry.texts("command", allowed="text that is not empty")
    if not command and not entry.faults.found_at(entry.key("command")):
        entry.faults.add(entry.key("command"), command, "at least one word, such as [node, migrate.js]")
    minutes = entry.whole("timeout-minutes", 1, 1440) if entry.has("timeout-minutes") else _DEFAULT_MINUTES
    return Migration(command=command, timeout_minutes=minutes)
