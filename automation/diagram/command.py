"""`python -m automation diagram`: a picture of what a stack consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import click

from automation.console import json_option, say, show
from automation.cost.plan import plan
from automation.cost.resources import Stack, stack_of
from automation.diagram.model import Picture
from automation.diagram.png import png
from automation.diagram.reading import not_drawn, picture_of
from automation.diagram.svg import svg
from automation.diagram.text_formats import dot, mermaid
from automation.errors import AutomationError
from automation.previews.names import is_preview
from automation.stack_files import stack_names
from automation.stacks.stacks import Stacks

_FORMATS: Final[Mapping[str, Callable[[Picture], str | bytes]]] = {
    ".svg": svg,
    ".png": lambda picture: png(svg(picture)),
    ".dot": dot,
    ".mmd": mermaid,
}


def picture_path(stack: str, root: Path) -> Path:
    """Return where the documents have a stack's picture."""
    return root / "docs" / "images" / f"{stack}-stack.svg"


def _known(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix not in _FORMATS:
        raise click.BadParameter(f"{path} must end in one of {', '.join(_FORMATS)}")
    return path


@click.command(short_help="Draw what a stack consists of.")
@click.argument("stack", required=False)
@click.option("--all", "every", is_flag=True, help="Draw every stack for the documents, into docs/images.")
@click.option("--deployed", is_flag=True, help="Draw what is deployed, by the state.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_known,
    metavar="FILE",
    help="Where to: .svg, .png, .dot (Graphviz) or .mmd (Mermaid); STACK-stack.svg by default.",
)
@json_option
@click.pass_obj
def diagram(
    stacks: Stacks, /, *, stack: str | None, every: bool, deployed: bool, out: Path | None, as_json: bool
) -> int:
    """Draw STACK: its network, load balancers, services, tasks and what they use.

    What is drawn is what its program declares; no AWS account is needed for that.
    """
    if every:
        if stack is not None or deployed or out is not None or as_json:
            raise click.UsageError("--all takes no stack and no other option")
        for name in stack_names(stacks.root):
            if not is_preview(name):
                _write(picture_path(name, stacks.root), svg(_drawn(plan(name, stacks.root))))
        return 0
    if stack is None:
        raise click.UsageError("Missing argument 'STACK'.")
    picture = _drawn(_deployed(stacks, stack) if deployed else plan(stack, stacks.root))
    path = out or Path(f"{stack}-stack.svg")
    if out is not None or not as_json:
        _write(path, _FORMATS[path.suffix](picture))
    show([str(path)], picture.as_json(), as_json=as_json)
    return 0


def _deployed(stacks: Stacks, name: str) -> Stack:
    found = stacks.resources(name)
    if not found:
        raise AutomationError(f"{name} has no resources: leave --deployed out, or bring it up first")
    return stack_of(found, origin=name, name=name)


def _drawn(stack: Stack) -> Picture:
    """Return a stack's picture, and say what is missing in it."""
    picture = picture_of(stack)
    if missing := not_drawn(stack, picture):
        say(f"not drawn, since automation/diagram knows nothing of it: {', '.join(missing)}")
    return picture


def _write(path: Path, content: str | bytes) -> None:
    try:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise AutomationError(f"{path} cannot be written: {error.strerror}") from error
