"""`outputs`: a stack's outputs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import click

from automation.console import json_option, print_json
from automation.errors import AutomationError
from automation.stacks.stacks import Stacks


@click.command
@click.argument("stack")
@click.argument("name", required=False)
@json_option
@click.pass_obj
def outputs(stacks: Stacks, /, *, stack: str, name: str | None, as_json: bool) -> None:
    """Print a stack's outputs, or the one called NAME.

    Secrets are not shown. With --local, addresses are those that work on this machine.
    """
    found = _with_addresses(stacks, stacks.outputs(stack, show_secrets=False))
    if name is not None and name not in found:
        names = ", ".join(sorted(found)) or "none: no update has succeeded"
        raise AutomationError(f"{stack} has no output {name!r}; it has {names}")
    value: Any = found if name is None else found[name]
    if as_json:
        print_json(value)
    elif name is not None:
        click.echo(_plain(value))
    else:
        for line in _lines(value):
            click.echo(line)


def _with_addresses(stacks: Stacks, found: Mapping[str, Any]) -> Mapping[str, Any]:
    urls: Mapping[str, str] = found.get("urls", {})
    here = {
        "url": found.get("url") and stacks.address(found["url"]),
        "urls": {name: stacks.address(url) for name, url in urls.items()},
    }
    return {key: here.get(key, value) for key, value in found.items()}


def _lines(mapping: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Yield a line for each value, with what is in it below."""
    width = max((len(key) for key, value in mapping.items() if not _is_nested(value)), default=0)
    for key in sorted(mapping):
        value = mapping[key]
        if not _is_nested(value):
            yield f"{indent}{key:<{width}}  {_plain(value)}"
            continue
        yield f"{indent}{key}"
        if isinstance(value, dict):
            yield from _lines(cast("Mapping[str, Any]", value), f"{indent}  ")
        else:
            yield from (f"{indent}  {_plain(item)}" for item in value)


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict | list) and bool(cast("Any", value))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
