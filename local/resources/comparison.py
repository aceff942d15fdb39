"""Normal forms: values that are the same to the official provider have the same one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast


def normal(value: Any, *, unordered: bool = False) -> Any:
    """Return the normal form of a value: None for zero, false and empty; sorted lists where `unordered`."""
    if isinstance(value, Mapping):
        members = sorted(cast("Mapping[str, Any]", value).items())
        block = {key: normal(item, unordered=unordered) for key, item in members}
        return {key: item for key, item in block.items() if item is not None} or None
    if isinstance(value, list | tuple):
        items = [normal(item, unordered=unordered) for item in cast("list[Any]", value)]
        return (sorted(items, key=repr) if unordered else items) or None
    return None if value in ("", 0) else value


def normal_json(text: Any) -> Any:
    """Return parsed JSON, and any other text unchanged."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text or None


def normal_policy(text: Any) -> Any:
    """Return the normal form of an IAM policy (github.com/hashicorp/awspolicyequivalence).

    It ignores the order of statements and values, whether a single value is a list, and whether a principal
    is an account or its root.
    """
    policy = normal_json(text)
    if not isinstance(policy, dict) or "Statement" not in policy:
        return cast("Any", policy)
    document = cast("dict[str, Any]", policy)
    return {**document, "Statement": sorted(map(_statement, _values(document["Statement"])), key=repr)}


def _statement(statement: dict[str, Any]) -> dict[str, Any]:
    form: dict[str, Any] = {**statement, "Effect": str(statement.get("Effect")).lower()}
    for key, value in form.items():
        if key in ("Principal", "NotPrincipal") and isinstance(value, dict):
            accounts = cast("dict[str, Any]", value).items()
            form[key] = {kind: list(map(_account, _values(items))) for kind, items in sorted(accounts)}
        elif key == "Condition":
            form[key] = {
                test: {name: _values(items) for name, items in sorted(variables.items())}
                for test, variables in sorted(value.items())
            }
        elif key not in ("Effect", "Sid", "Principal", "NotPrincipal"):
            form[key] = _values(value)
    return dict(sorted(form.items()))


def _values(values: Any) -> list[Any]:
    return sorted(cast("list[Any]", values), key=repr) if isinstance(values, list) else [values]


def _account(name: Any) -> str:
    return re.sub(r"^(\d{12})$", r"arn:aws:iam::\1:root", str(name))
