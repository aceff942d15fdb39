"""Container definitions as ECS returns them, and as the official provider compares them.

The provider compares ECS's answer with the program's definitions. It ignores most of what ECS adds; any other
difference makes each `up` a new revision and a rollout.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, cast

from local.resources.base import Properties, ResourceError

_HEALTH_CHECK: Final = {"interval": 30, "retries": 3, "timeout": 5}
_RETURNED_EMPTY: Final = ("environment", "mountPoints", "portMappings", "systemControls", "volumesFrom")
_COMPACTED: Final = frozenset({
    "dependsOn", "environment", "environmentFiles", "extraHosts", "mountPoints", "portMappings",
    "resourceRequirements", "secrets", "systemControls", "ulimits", "volumesFrom",
})  # fmt: skip
"""Lists from which the provider removes empty objects before it sends and compares them."""
_EMPTY_IS_ABSENT: Final = _COMPACTED | {
    "command", "credentialSpecs", "dnsSearchDomains", "dnsServers", "dockerSecurityOptions", "entryPoint",
    "links",
}  # fmt: skip
_ZERO_IS_ABSENT: Final = frozenset({
    "appProtocol", "condition", "cpu", "hardLimit", "logDriver", "protocol", "size", "softLimit", "type",
    "versionConsistency",
})  # fmt: skip
"""Numbers and enumerations whose zero value is absent for the Go SDK."""
_MAPS: Final = frozenset({"dockerLabels", "options"})
_BY_NAME: Final = ("environment", "secrets")
_VALUE: Final = re.compile(r", value: .*, type:")


def parse(text: str) -> list[Properties]:
    """Return container definitions as the provider sends them: without null and empty objects.

    Raises:
        ResourceError: the text is not a JSON list of objects.
    """
    try:
        definitions: Any = json.loads(text)
    except ValueError as error:
        raise ResourceError(f"containerDefinitions is not valid JSON: {error}") from error
    items = cast("list[Any]", definitions)
    if not isinstance(definitions, list) or not all(isinstance(item, dict) for item in items):
        raise ResourceError("containerDefinitions must be a JSON list with an object for each container")
    return [_as_sent(definition) for definition in items]


def validate(definitions: list[Properties], model: Any) -> None:
    """Refuse keys and types that ECS does not have; values may be secrets and are not shown.

    Args:
        definitions: as `parse` returns them.
        model: botocore's service model of ECS.

    Raises:
        ResourceError: it names each of them.
    """
    from botocore.validate import ParamValidator

    shape = model.operation_model("RegisterTaskDefinition").input_shape.members["containerDefinitions"]
    report = ParamValidator().validate(cast("Any", definitions), shape).generate_report()
    if report:
        raise ResourceError(f"containerDefinitions: {_VALUE.sub(', type:', report)}")


def answer(definitions: list[Properties], *, network_mode: str = "awsvpc") -> str:
    """Return the JSON that the provider stores in the state: these definitions as ECS returns them."""
    return json.dumps([_returned(definition, network_mode) for definition in definitions])


def equivalent(one: str, other: str) -> bool:
    """Whether the provider considers two JSON texts equivalent.

    A host port that equals the container port is the same as none, which is true for network mode `awsvpc`.

    By hashicorp/terraform-provider-aws internal/service/ecs/container_definitions.go
    (`containerDefinitionsAreEquivalent`). `linuxParameters` and maps are compared unchanged.

    Raises:
        ResourceError: one is not a JSON list of objects.
    """
    first, second = (
        sorted((_reduced(definition) for definition in parse(text)), key=_name) for text in (one, other)
    )
    return first == second


def _as_sent(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_sent({} if item is None else item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    sent: Properties = {}
    for key, item in cast("Properties", value).items():
        if item is None or (key in _ZERO_IS_ABSENT and not item):
            continue
        kept = item if key in _MAPS else _as_sent(item)
        compacted = key in _COMPACTED and isinstance(kept, list)
        sent[key] = [part for part in cast("list[Any]", kept) if part != {}] if compacted else kept
    return sent


def _returned(definition: Properties, network_mode: str) -> Properties:
    """Return one definition with what ECS adds, as far as it is documented or was reported."""
    returned: Properties = {"cpu": 0, **_with_defaults(definition)}
    for key in _RETURNED_EMPTY:
        returned.setdefault(key, [])
    # Variables without a value are dropped: hashicorp/terraform-provider-aws#39533.
    returned["environment"] = [item for item in returned["environment"] if item.get("value")]
    returned["portMappings"] = [
        # In network mode `bridge`, Docker chooses a host port for each task.
        {"protocol": "tcp", "hostPort": 0, **mapping}
        if network_mode == "bridge"
        else {"protocol": "tcp", **mapping, **_host_port(mapping)}
        for mapping in returned["portMappings"]
    ]
    if "firelensConfiguration" in returned:
        # pulumi/pulumi#4550
        returned.setdefault("user", "0")
    parameters = dict(returned.get("linuxParameters") or {})
    capabilities: Properties | None = parameters.pop("capabilities", None)
    if capabilities:
        # A missing list is returned empty (braintrustdata/terraform-aws-braintrust-data-plane#335), an empty
        # block is dropped (TerraConstructs/base#158).
        parameters["capabilities"] = {"add": [], "drop": [], **capabilities}
    return {**returned, "linuxParameters": parameters} if "linuxParameters" in returned else returned


def _reduced(definition: Properties) -> Properties:
    reduced = _with_defaults(definition)
    reduced["portMappings"] = [
        {key: value for key, value in mapping.items() if (key, value) != ("protocol", "tcp")}
        | _host_port(mapping)
        for mapping in reduced.get("portMappings", [])
    ]
    return {key: value for key, value in reduced.items() if value != [] or key not in _EMPTY_IS_ABSENT}


def _with_defaults(definition: Properties) -> Properties:
    """Return it with the defaults common to ECS and provider, and sorted where ECS returns any order."""
    complete: Properties = {"essential": True, **definition}
    if "healthCheck" in complete:
        complete["healthCheck"] = {**_HEALTH_CHECK, **complete["healthCheck"]}
    ordered = {key: sorted(complete[key], key=_name) for key in _BY_NAME if key in complete}
    return {**complete, **ordered}


def _host_port(mapping: Properties) -> Properties:
    if mapping.get("hostPort") or "containerPort" not in mapping:
        return {}
    return {"hostPort": mapping["containerPort"]}


def _name(item: Properties) -> str:
    return str(item.get("name", ""))
