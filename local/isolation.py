"""Keeps the person's AWS account out of the local run, whatever their shell says."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from typing import Final

_FORGOTTEN_PREFIXES: Final = ("AWS_", "_AWS_")
NO_ACCOUNT: Final[Mapping[str, str]] = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def isolate(environment: MutableMapping[str, str] = os.environ) -> None:
    """Forget every AWS setting of this process: no profile, no key, no file, no endpoint of the user's."""
    for name in [name for name in environment if name.startswith(_FORGOTTEN_PREFIXES)]:
        del environment[name]
    environment.update(NO_ACCOUNT)


def point_at(endpoint: str, region: str, environment: MutableMapping[str, str] = os.environ) -> None:
    """Send the program's own AWS calls, such as those of gates, where its resources go."""
    environment.update({"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": region})
