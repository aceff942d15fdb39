"""Reads configurations without Pulumi, for the tests of the settings."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from infra.settings import SettingsError, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.settings import Settings

PROJECT = "node-on-ecs"
PROJECT_ROOT = Path(__file__).parents[3]
STACKS = ("dev", "staging", "prod")

SUBNETS = tuple(f"subnet-{number:017x}" for number in range(32))


def named(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with the project's prefix before each key that has none."""
    return {key if ":" in key else f"{PROJECT}:{key}": value for key, value in config.items()}


def settings_of(config: Mapping[str, Any], *, stack: str = "dev") -> Settings:
    """Read a configuration that is right."""
    return parse(named(config), project=PROJECT, stack=stack)


def faults_of(config: Mapping[str, Any], *, stack: str = "dev", **options: Any) -> list[str]:
    """Read a configuration that is wrong, and return its faults."""
    with pytest.raises(SettingsError) as raised:
        parse(named(config), project=PROJECT, stack=stack, **options)
    return re.findall(r"^  - (.*)$", str(raised.value), re.MULTILINE)


def fault_of(config: Mapping[str, Any], **options: Any) -> str:
    """Read a configuration with one mistake: it must not show as two."""
    (fault,) = faults_of(config, **options)
    return fault


def refuses(config: Mapping[str, Any], message: str) -> None:
    """Read a configuration with one mistake, whose error has key, value and what is allowed.

    Args:
        config: with the mistake.
        message: "key … part of what is allowed", the key as `pulumi config set --path` accepts it; with
            another value than the configuration's, "key = value: … part", "key = … part" or "key: … part".
    """
    key, part = message.split(" … ", 1)
    fault = fault_of(config)
    value: Any = config
    if " =" not in key and not key.endswith(":"):
        for index, name in re.findall(r"\[(\d+)\]|([^.\[\]]+)", key):
            value = value[int(index) if index else name]
        key = f"{key} = {json.dumps(value, ensure_ascii=False)}: "
    assert fault.startswith(key)
    assert part in fault
    assert "hunter2" not in fault


def stack_file(stack: str) -> dict[str, Any]:
    """Return what a shipped stack file says."""
    return yaml.safe_load((PROJECT_ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
