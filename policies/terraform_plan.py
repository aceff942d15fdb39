"""A stack's resources as a Terraform plan, the format that public scanners read.

Pulumi's AWS provider is Terraform's with other names: Terraform's properties are snake_case, and blocks are
lists with a singular name. The format: https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from policies.resources import Declaration, Unknown

_FORMAT: Final = "1.2"
_VERSION: Final = "1.12.0"
_PROVIDER: Final = "registry.terraform.io/hashicorp/aws"
_TYPES: Final = {
    "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "aws_iam_openid_connect_provider",
}
"""Types whose Terraform names are irregular."""
_MODULES: Final = {"ec2": "", "servicediscovery": "service_discovery_"}
"""Prefixes of Terraform types, by module, where the prefix is not the module's name."""
_MAPS: Final = frozenset({"tags", "dimensions", "triggers", "variables", "driverOpts", "labels"})
"""Objects with user-defined keys, which are not blocks."""
_PLURAL_BLOCKS: Final = frozenset({"blockDeviceMappings", "networkInterfaces", "redactedFields"})
"""Blocks whose Terraform names are plurals."""


def terraform_plan(declaration: Declaration) -> dict[str, Any]:
    """Return a plan that creates all AWS resources of a stack; other providers' resources are omitted."""
    addresses = _addresses(declaration)
    planned: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    configuration: list[dict[str, Any]] = []
    for resource in declaration.resources:
        if resource.urn not in addresses:
            continue
        address = addresses[resource.urn]
        kind, _, name = address.partition(".")
        common = {"address": address, "mode": "managed", "type": kind, "name": name}
        # The outputs, where there are any, have the provider's default values.
        values = _block({**resource.outputs, **resource.inputs})
        unknown = {_name(key): True for key, value in resource.inputs.items() if isinstance(value, Unknown)}
        planned.append({**common, "provider_name": _PROVIDER, "schema_version": 0, "values": values})
        change = {"actions": ["create"], "before": None, "after": values, "after_unknown": unknown}
        changes.append({**common, "provider_name": _PROVIDER, "change": change})
        expressions = {
            _name(key): {"references": _references(urns, addresses)} for key, urns in resource.refers.items()
        }
        configuration.append({**common, "provider_config_key": "aws", "expressions": expressions})
    return {
        "format_version": _FORMAT,
        "terraform_version": _VERSION,
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "full_name": _PROVIDER}},
            "root_module": {"resources": configuration},
        },
    }


def terraform_type(token: str) -> str | None:
    """Return Terraform's name of a type of Pulumi's AWS provider; None for other providers' types."""
    package, _, rest = token.partition(":")
    if package != "aws":
        return None
    module, _, _ = rest.partition("/")
    return _TYPES.get(token) or f"aws_{_MODULES.get(module, f'{module}_')}{_snake(token.rpartition(':')[2])}"


def _addresses(declaration: Declaration) -> dict[str, str]:
    """Return Terraform addresses by URN."""
    addresses: dict[str, str] = {}
    for resource in declaration.resources:
        kind = terraform_type(resource.type)
        if kind is None:
            continue
        name = re.sub(r"[^0-9A-Za-z_-]", "_", resource.name)
        address, number = f"{kind}.{name}", 2
        while address in addresses.values():
            address, number = f"{kind}.{name}_{number}", number + 1
        addresses[resource.urn] = address
    return addresses


def _references(urns: frozenset[str], addresses: Mapping[str, str]) -> list[str]:
    targets = sorted(addresses[urn] for urn in urns if urn in addresses)
    return [reference for address in targets for reference in (f"{address}.id", address)]


def _block(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {_name(key, value): _value(key, value) for key, value in properties.items()}


def _value(key: str, value: Any) -> Any:
    if isinstance(value, Unknown):
        return None
    if isinstance(value, Mapping):
        block = cast("Mapping[str, Any]", value)
        return dict(block) if key in _MAPS else [_block(block)]
    if isinstance(value, list):
        return [_item(item) for item in cast("list[Any]", value)]
    return value


def _item(item: Any) -> Any:
    if isinstance(item, Mapping):
        return _block(cast("Mapping[str, Any]", item))
    return None if isinstance(item, Unknown) else item


def _name(key: str, value: Any = None) -> str:
    """Return a property's Terraform name, which is singular for a list of blocks."""
    is_blocks = isinstance(value, list) and any(
        isinstance(item, Mapping) for item in cast("list[Any]", value)
    )
    return _snake(_singular(key) if is_blocks and key not in _PLURAL_BLOCKS else key)


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word.removesuffix('ies')}y"
    return word if word.endswith("ss") else word.removesuffix("s")


def _snake(word: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).lower()
