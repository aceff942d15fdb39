"""Policy documents, written as the provider writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from local.resources.base import Properties, ResourceError

if TYPE_CHECKING:
    from local.resources.cloud import Cloud


def _one_or_many(values: list[Any]) -> Any:
    ordered = sorted(values)
    return ordered[0] if len(ordered) == 1 else ordered


def _statement(asked: Properties) -> Properties:
    statement: Properties = {}
    if asked.get("sid"):
        statement["Sid"] = asked["sid"]
    statement["Effect"] = asked.get("effect") or "Allow"
    for key, name in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if asked.get(key):
            statement[name] = _one_or_many(asked[key])
    for key, name in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        principals: dict[str, list[Any]] = {}
        for principal in cast("list[Properties]", asked.get(key) or []):
            principals.setdefault(principal["type"], []).extend(principal["identifiers"])
        if principals:
            anyone = principals == {"*": ["*"]}
            statement[name] = "*" if anyone else {kind: _one_or_many(principals[kind]) for kind in principals}
    conditions: dict[str, dict[str, Any]] = {}
    for condition in cast("list[Properties]", asked.get("conditions") or []):
        conditions.setdefault(condition["test"], {})[condition["variable"]] = _one_or_many(
            condition["values"]
        )
    if conditions:
        statement["Condition"] = conditions
    return statement


def get_policy_document(cloud: Cloud, arguments: Properties) -> Properties:
    """Return what `aws:iam/getPolicyDocument` answers; it asks nobody."""
    del cloud
    merged = arguments.get("sourcePolicyDocuments") or arguments.get("overridePolicyDocuments")
    if merged:
        raise ResourceError("getPolicyDocument: merging documents is not known here, give statements alone")
    document: Properties = {"Version": arguments.get("version") or "2012-10-17"}
    if arguments.get("policyId"):
        document["Id"] = arguments["policyId"]
    statements: list[Properties] = arguments.get("statements") or []
    document["Statement"] = [_statement(asked) for asked in statements]
    text = json.dumps(document, indent=2)
    return {
        **arguments,
        "id": text,
        "json": text,
        "minifiedJson": json.dumps(document, separators=(",", ":")),
    }
