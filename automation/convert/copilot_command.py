"""`from-copilot`: stack files from the manifests of an AWS Copilot application."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from automation.convert.copilot_manifests import read_workspace
from automation.convert.copilot_stack import converted_stack
from automation.convert.draft import Paths
from automation.convert.output import Options, Result, conversion_options, deliver
from automation.convert.report import Report
from automation.errors import AutomationError


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("copilot"))
@click.option(
    "--app-path",
    type=click.Path(path_type=Path),
    help="Folder that paths in the manifests are relative to; the parent of FOLDER if left out.",
)
@click.option(
    "--environment",
    "environments",
    multiple=True,
    metavar="NAME",
    help="Convert only this environment; repeatable.",
)
@click.option(
    "--app", metavar="NAME", help="Name of the application, if copilot/.workspace does not have it."
)
@conversion_options("Domain of the application, as `copilot app show` prints it.")
def from_copilot(
    folder: Path, *, app_path: Path | None, environments: Sequence[str], app: str | None, options: Options
) -> None:
    """Convert AWS Copilot's manifests in FOLDER (copilot) into stack files.

    One file for each environment, printed unless --write or --out is used. Every difference is reported. No
    other file is changed, and AWS is not called. docs/from-copilot.md lists each field and its key.
    """
    workspace = read_workspace(folder, app=app)
    paths = Paths(app_path or workspace.root, options.root)
    if unknown := [name for name in environments if name not in workspace.environments]:
        known = ", ".join(workspace.environments)
        raise AutomationError(f"there is no environment {unknown[0]!r} in the manifests: {known}")
    results: list[Result] = []
    for name in (name for name in workspace.environments if not environments or name in environments):
        report = Report()
        config = converted_stack(workspace, name, options, report, paths)
        origin = f"{folder.as_posix()}: application {workspace.app}, environment {name},"
        results.append(Result(name, origin, config, report))
    deliver("from-copilot", results, options)
