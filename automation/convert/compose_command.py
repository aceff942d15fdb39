"""`from-compose`: a stack file from a Compose file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from automation.convert.compose_file import read_project
from automation.convert.compose_stack import Choice, converted_stack
from automation.convert.output import Options, Result, conversion_options, deliver
from automation.convert.report import Report


@click.command()
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, metavar="[FILE]…")
@click.option("--stack", default="dev", show_default=True, metavar="NAME", help="Name of the stack.")
@click.option(
    "--public", multiple=True, metavar="SERVICE", help="Expose only this service to clients; repeatable."
)
@click.option(
    "--keep", multiple=True, metavar="SERVICE", help="Convert this database, proxy or tool, too; repeatable."
)
@click.option(
    "--profile", "profiles", multiple=True, metavar="NAME", help="Convert services with this profile, too."
)
@conversion_options("Host name of the main service.")
def from_compose(
    files: Sequence[Path],
    *,
    stack: str,
    public: Sequence[str],
    keep: Sequence[str],
    profiles: Sequence[str],
    options: Options,
) -> None:
    """Convert a Compose file into a stack file.

    Without FILE, the Compose file of this folder is read; several files are merged in their order. The stack
    file is printed unless --write or --out is used. Every difference is reported. No other file is changed.
    docs/from-compose.md lists each field and its key.
    """
    project, report = read_project(files, options.variables), Report()
    choice = Choice(stack=stack, public=public, keep=keep, profiles=profiles)
    config = converted_stack(project, choice, options, report)
    origin = ", ".join(file.as_posix() for file in project.files)
    deliver("from-compose", [Result(stack, origin, config, report)], options)
