"""`from-copilot`: stack files from the manifests of an AWS Copilot application."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from automation.convert.copilot_manifests import read_workspace
from automation.convert.copilot_stack import Wanted, converted_stack
from automation.convert.output import Out, Result, deliver, out_options, settings_of
from automation.convert.report import Report
from automation.errors import AutomationError
from automation.stack_files import project_name
from automation.stacks.stacks import ROOT

_ORIGIN = "of the application {app}, environment {environment}"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("copilot"))
@click.option(
    "--app-path",
    type=click.Path(path_type=Path),
    help="Folder that paths in the manifests are seen from; the folder around FOLDER if it is left out.",
)
@click.option(
    "--environment",
    "environments",
    multiple=True,
    metavar="NAME",
    help="Only this environment; again for more.",
)
@click.option("--app", metavar="NAME", help="Name of the application, if copilot/.workspace does not say it.")
@click.option("--domain", metavar="HOST", help="Domain of the application, as `copilot app show` names it.")
@click.option("--zone", metavar="HOST", help="Route 53 zone that holds the names.")
@click.option("--region", metavar="REGION", help="AWS region of the environments.")
@click.option(
    "--set", "variables", multiple=True, metavar="NAME=VALUE", help="Value of ${NAME} in the manifests."
)
@out_options
def from_copilot(
    folder: Path,
    *,
    app_path: Path | None,
    environments: Sequence[str],
    app: str | None,
    domain: str | None,
    zone: str | None,
    region: str | None,
    variables: Sequence[str],
    out: Out,
) -> None:
    """Make stack files from AWS Copilot's manifests in FOLDER (copilot).

    One file for each environment, printed unless --write or --out says where to. Everything that is not the
    same is reported. No other file is changed, and nothing is asked of AWS. docs/from-copilot.md has each
    field and its key.
    """
    workspace = read_workspace(folder, app=app)
    root = app_path or workspace.root
    wanted = Wanted(
        project=project_name(ROOT),
        prefix=Path(os.path.relpath(root.resolve(), ROOT)).as_posix(),
        region=region,
        domain=domain,
        zone=zone,
        variables=settings_of(variables),
        root=ROOT,
    )
    results: list[Result] = []
    for name in _chosen(workspace.environments, environments):
        report = Report()
        if not workspace.is_app_known:
            report.add(
                "do",
                "",
                "",
                f"the application is called {workspace.app} here, by its folder; `--app` says another name",
            )
        config: Mapping[str, Any] | None = converted_stack(workspace, name, wanted, report)
        if config is None:
            reasons = "; ".join(note.line for note in report.notes if note.kind == "missing")
            raise AutomationError(f"none of the services can be converted: {reasons}")
        head = (
            (
                f"From {folder.as_posix()} {_ORIGIN.format(app=workspace.app, environment=name)}, by `python"
                " -m automation from-copilot`: docs/from-copilot.md has each field and its key. A service"
                " takes from the first one whatever it does not say itself."
            ),
        )
        results.append(Result(name, config, report, head))
    deliver(results, wanted.project, ROOT, out)


def _chosen(known: Mapping[str, object], wanted: Sequence[str]) -> list[str]:
    for name in wanted:
        if name not in known:
            raise AutomationError(f"there is no environment {name!r} in the manifests: {', '.join(known)}")
    return [name for name in known if not wanted or name in wanted]
