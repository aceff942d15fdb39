"""Keeps the user's AWS account out of the local run."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from typing import Final

_REMOVED_PREFIXES: Final = ("AWS_", "_AWS_")
NO_ACCOUNT: Final[Mapping[str, str]] = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def isolate(environment: MutableMapping[str, str] = os.environ) -> None:
    """Remove the user's AWS settings from this process: profiles, keys, files, endpoints."""
    for name in [name for name in environment if name.startswith(_REMOVED_PREFIXES)]:
        del environment[name]
    environment.update(NO_ACCOUNT)


def point_at(endpoint: str, region: str, environment: MutableMapping[str, str] = os.environ) -> None:
    """Send the program's own AWS calls, such as those of rollouts, to the emulator."""
    environment.update({"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": region})
