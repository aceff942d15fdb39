"""When the official provider takes two values for the same."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast


def normal(value: Any, *, unordered: bool = False) -> Any:
    """Return a value so that nothing, zero, false and empty are equal, and so are sets in any order."""
    if isinstance(value, Mapping):
        members = sorted(cast("Mapping[str, Any]", value).items())
        block = {key: normal(item, unordered=unordered) for key, item in members}
        return {key: item for key, item in block.items() if item is not None} or None
    if isinstance(value, list | tuple):
        items = [normal(item, unordered=unordered) for item in cast("list[Any]", value)]
        return (sorted(items, key=repr) if unordered else items) or None
    return None if value in ("", 0) else value


def normal_json(text: Any) -> Any:
    """Return JSON parsed, and what is none as it is."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text or None


def normal_policy(text: Any) -> Any:
    """Return an IAM policy so that equivalent ones are equal (github.com/hashicorp/awspolicyequivalence).

    The order of statements and values does not matter, nor whether one value is a list, nor whether an
    account or its root is named.
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
