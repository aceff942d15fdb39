"""When two states are the same: equal but for what no two runs can have in common."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_STAMPS = frozenset({"created", "modified", "sourcePosition", "stackTrace"})
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ADDRESS = r"\d+\.\d+\.\d+\.\d+"
_PARTS = re.compile(rf"{_UUID}|{_ADDRESS}|[A-Za-z0-9]+|[^A-Za-z0-9]+")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|\+00:00)")
_RANDOM_ID = "random:index/randomId:RandomId"


@dataclass
class _Comparison:
    """Notes what differs.

    What an emulator gives at random differs, but always in the same way: a part of a text that is another one
    in the other state has to be that other one everywhere. A part that means something is the same somewhere,
    and so must be everywhere.
    """

    there: dict[str, str] = field(default_factory=dict)
    back: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def compare(self, one: Any, other: Any, at: str) -> None:
        match one, other:
            case dict(), dict():
                for key in sorted(one.keys() | other.keys()):
                    if key not in one or key not in other:
                        missing, there = ("first", other) if key not in one else ("second", one)
                        self.faults.append(f"{at}.{key}: {there[key]!r} is missing in the {missing}")
                    elif key == "ciphertext":
                        continue
                    else:
                        self.compare(one[key], other[key], f"{at}.{key}")
            case list(), list() if len(one) == len(other):
                for index, (left, right) in enumerate(zip(one, other, strict=True)):
                    self.compare(left, right, f"{at}[{index}]")
            case str(), str():
                if not self._stands_for(one, other):
                    self.faults.append(f"{at}: {one!r} and {other!r}")
            case _:
                if type(one) is not type(other) or one != other:
                    self.faults.append(f"{at}: {one!r} and {other!r}")

    def _stands_for(self, one: str, other: str) -> bool:
        parts, others = (_PARTS.findall(_TIME.sub("<time>", text)) for text in (one, other))
        return len(parts) == len(others) and all(
            self.there.setdefault(part, counterpart) == counterpart
            and self.back.setdefault(counterpart, part) == part
            for part, counterpart in zip(parts, others, strict=True)
        )


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """What two checkpoint files do not have in common, after dropping stamps and provider ids."""
    first, second = comparable(one), comparable(other)
    comparison = _Comparison()
    comparison.compare(first, second, "state")
    return comparison.faults


def comparable(document: Mapping[str, Any]) -> dict[str, Any]:
    """A checkpoint file without stamps and provider ids, its resources by URN."""
    latest = document["checkpoint"]["latest"]
    resources: dict[str, Any] = {}
    for resource in latest.get("resources") or ():
        key = resource["urn"] + (" (to be deleted)" if resource.get("delete") else "")
        assert key not in resources, f"{key} is there twice"
        resources[key] = _plain(resource)
    return {
        "version": document["version"],
        "features": document.get("features"),
        "stack": document["checkpoint"]["stack"],
        "secrets": latest["secrets_providers"]["type"],
        "metadata": latest.get("metadata") or {},
        "pending": sorted(
            (operation["type"], operation["resource"]["urn"])
            for operation in latest.get("pending_operations") or ()
        ),
        "resources": resources,
    }


def _plain(resource: Mapping[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in resource.items() if key not in _STAMPS}
    if resource["type"].startswith("pulumi:providers:"):
        plain["id"] = "provider"
    if resource["type"] == _RANDOM_ID:
        # Of the ways to spell it, hexadecimal is the one that the parts of other texts can be told by.
        plain["id"] = "random"
        others = dict.fromkeys(("b64Std", "b64Url", "dec"), "random")
        plain["outputs"] = plain["outputs"] | others
    if "provider" in plain:
        plain["provider"] = plain["provider"].rpartition("::")[0]
    if "dependencies" in plain:
        plain["dependencies"] = sorted(plain["dependencies"])
    if "propertyDependencies" in plain:
        plain["propertyDependencies"] = {
            key: sorted(urns or ()) for key, urns in plain["propertyDependencies"].items()
        }
    return plain


def misplaced(document: Mapping[str, Any]) -> list[str]:
    """Resources that stand before something that they need: the CLI refuses such a state."""
    seen: set[str] = set()
    found: list[str] = []
    for resource in document["checkpoint"]["latest"].get("resources") or ():
        needs = {resource.get("parent"), resource.get("provider", "").rpartition("::")[0]}
        needs |= set(resource.get("dependencies") or ())
        needs |= {urn for urns in (resource.get("propertyDependencies") or {}).values() for urn in urns}
        found += [f"{resource['urn']} before {urn}" for urn in needs - {None, ""} - seen]
        seen.add(resource["urn"])
    return found


def read(path: Path) -> dict[str, Any]:
    """A checkpoint file."""
    return json.loads(path.read_text())
