"""Which engine runs the program: Pulumi's own where its CLI is on PATH, else the one in `local.engine`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import Final

from local.engine.errors import EngineError

ENGINE_VARIABLE: Final = "LOCAL_ENGINE"
PROVIDER_VARIABLE: Final = "LOCAL_PROVIDER"
IN_PROCESS: Final = "in-process"
CLI: Final = "cli"
HANDLERS: Final = "handlers"
OFFICIAL: Final = "official"

ENDPOINT_VARIABLE: Final = "LOCAL_EMULATOR_ENDPOINT"
"""Tells a plugin where the emulator is."""
KNOWN_VARIABLE: Final = "LOCAL_KNOWN_RESOURCES"
"""Tells a plugin the file with the (type, id) pairs of the state, where an earlier run was cut off."""
LOCK_VARIABLE: Final = "LOCAL_PLUGINS_LOCK"
"""Tells a plugin what to hold for as long as it lives."""


def program(environment: Mapping[str, str] = os.environ) -> str | None:
    """The Pulumi CLI that runs the program, None for the engine in this process.

    Raises:
        EngineError: the environment asks for what there is not.
    """
    asked = _asked(environment, ENGINE_VARIABLE, (IN_PROCESS, CLI))
    official = uses_official_providers(environment)
    found = None if asked == IN_PROCESS else shutil.which("pulumi", path=environment.get("PATH"))
    if found is None and asked == CLI:
        raise EngineError(
            f"{ENGINE_VARIABLE}={CLI} and there is no `pulumi` on PATH: install the Pulumi CLI "
            f"(https://www.pulumi.com/docs/install/), or unset {ENGINE_VARIABLE}"
        )
    if found is None and official:
        raise EngineError(
            f"{PROVIDER_VARIABLE}={OFFICIAL} needs the Pulumi CLI to run the program: install it and leave "
            f"{ENGINE_VARIABLE} at {CLI}, or unset {PROVIDER_VARIABLE}"
        )
    return found


def uses_official_providers(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the CLI is to use the official AWS plugins instead of the handlers in `local.resources`."""
    return _asked(environment, PROVIDER_VARIABLE, (HANDLERS, OFFICIAL)) == OFFICIAL


def _asked(environment: Mapping[str, str], variable: str, allowed: tuple[str, ...]) -> str | None:
    value = environment.get(variable) or None
    if value is not None and value not in allowed:
        raise EngineError(f"{variable}={value!r}: give {' or '.join(allowed)}, or leave it unset")
    return value
