"""`python -m automation diagram`: a picture of the resources of a stack."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from automation.console import json_option, say, show, to_type
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


def picture_path(stack: str, root: Path, *, deployed: bool = False) -> Path:
    """Return the default path of a stack's picture."""
    return root / "docs" / "images" / f"{stack}-{'deployed' if deployed else 'stack'}.svg"


def _checked(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix not in _FORMATS:
        raise click.BadParameter(f"{path} must end in one of {', '.join(_FORMATS)}")
    return path


@click.command(short_help="Draw what a stack consists of.")
@click.argument("stack", required=False)
@click.option("--all", "every", is_flag=True, help="Draw each stack into docs/images.")
@click.option("--deployed", is_flag=True, help="Draw the deployed resources, from the state.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_checked,
    metavar="FILE",
    help=(
        "A .svg, .png, .dot (Graphviz) or .mmd (Mermaid); docs/images/STACK-stack.svg by default, or "
        "STACK-deployed.svg with --deployed."
    ),
)
@json_option
@click.pass_obj
def diagram(
    stacks: Stacks, /, *, stack: str | None, every: bool, deployed: bool, out: Path | None, as_json: bool
) -> int:
    """Draw STACK: its network, load balancers, services, tasks and what they use.

    The picture has the resources that the program declares; no AWS account is needed for that.
    """
    if every:
        if stack is not None or deployed or out is not None or as_json:
            raise click.UsageError("--all takes no stack and no other option")
        for name in stack_names(stacks.root):
            if not is_preview(name):
                picture = _picture_of(plan(name, stacks.root))
                _write(picture_path(name, stacks.root), svg(picture), create_folder=True)
        return 0
    if stack is None:
        raise click.UsageError("Missing argument 'STACK'.")
    path = out or picture_path(stack, stacks.root, deployed=deployed)
    with _unreadable_state_reported(stack, deployed=deployed):
        picture = _picture_of(_deployed(stacks, stack) if deployed else plan(stack, stacks.root))
        content = _FORMATS[path.suffix](picture)
    if out is not None or not as_json:
        _write(path, content, create_folder=out is None)
    current = Path.cwd()
    shown = path.relative_to(current) if path.is_relative_to(current) else path
    show([str(shown)], picture.as_json(), as_json=as_json)
    return 0


def _deployed(stacks: Stacks, name: str) -> Stack:
    resources = stacks.resources(name)
    if not resources:
        raise AutomationError(
            f"{name} has no resources: leave --deployed out, or run {to_type('up', name)} first"
        )
    return stack_of(resources, origin=f"the state of {name}", name=name)


@contextmanager
def _unreadable_state_reported(stack: str, *, deployed: bool) -> Generator[None]:
    """Report a state whose properties do not have the form of AWS's, after an edit by hand."""
    try:
        yield
    except (AttributeError, LookupError, RuntimeError, StopIteration, TypeError, ValueError) as error:
        if not deployed:
            raise
        raise AutomationError(
            f"the state of {stack} cannot be drawn: a property is missing or has another type "
            f"({type(error).__name__}: {error}); {to_type('refresh', stack)} reads all properties again"
        ) from error


def _picture_of(stack: Stack) -> Picture:
    """Return a stack's picture, and report what it lacks."""
    picture = picture_of(stack)
    if missing := not_drawn(stack, picture):
        say(f"not drawn, because automation/diagram does not know their types: {', '.join(missing)}")
    return picture


def _write(path: Path, content: str | bytes, *, create_folder: bool) -> None:
    try:
        if create_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise AutomationError(f"{path} cannot be written: {error.strerror}") from error
