"""What runs before a service changes, as it is configured."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import Migration
from tests.unit.infra.settings_fixtures import refuses, settings_of

COMMAND = ["node", "migrate.js"]


def test_a_migration_has_a_command_and_fifteen_minutes() -> None:
    assert settings_of({"migration": {"command": COMMAND}}).main.migration == Migration(
        command=("node", "migrate.js"), timeout_minutes=15
    )


def test_copies_inherit_the_migration() -> None:
    """Each may run an image and a database of its own."""
    (copy,) = settings_of({"migration": {"command": COMMAND}, "multidev": ["alice"]}).multidev

    assert copy.migration is not None


@pytest.mark.parametrize(
    ("migration", "message"),
    [
        ("node migrate.js", "migration … an object with command"),
        ({"command": []}, "migration.command … a list with at least one item, each item text"),
        ({"timeout-minutes": 5}, "migration.command is missing: … a list"),
        ({"command": [""]}, "migration.command[0] … text that is not empty"),
        ({"command": COMMAND, "timeout-minutes": 0}, "migration.timeout-minutes … a whole number from 1"),
        ({"command": COMMAND, "timeout": 5}, "migration.timeout … no such key (of command, timeout-minutes)"),
    ],
)
def test_invalid_migrations_are_refused(migration: Any, message: str) -> None:
    refuses({"migration": migration}, message)
