"""`outputs`: a stack's outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from automation import go_yaml
from automation.console import json_option, show, to_type
from automation.errors import AutomationError
from automation.stacks.stacks import Stacks, require_existing


@click.command
@click.argument("stack")
@click.argument("name", required=False)
@json_option
@click.pass_obj
def outputs(stacks: Stacks, /, *, stack: str, name: str | None, as_json: bool) -> None:
    """Print a stack's outputs as YAML, or only the one called NAME.

    Secrets are not shown. With --local, addresses are those that work on this machine.
    """
    found = _with_addresses(stacks, stacks.outputs(stack, show_secrets=False))
    if not found:
        require_existing(stacks, stack)
    if name is not None and name not in found:
        names = ", ".join(sorted(found)) or f"none: {to_type('up', stack)} has to succeed first"
        raise AutomationError(f"{stack} has no output {name!r}; it has {names}")
    value: Any = found if name is None else found[name]
    if name is None:
        lines = go_yaml.text_of(dict(sorted(found.items()))).splitlines() if found else []
    else:
        lines = [value if isinstance(value, str) else json.dumps(value)]
    show(lines, value, as_json=as_json)


def _with_addresses(stacks: Stacks, found: Mapping[str, Any]) -> Mapping[str, Any]:
    urls: Mapping[str, str] = found.get("urls", {})
    here = {
        "url": found.get("url") and stacks.address(found["url"]),
        "urls": {name: stacks.address(url) for name, url in urls.items()},
    }
    return {key: here.get(key, value) for key, value in found.items()}
