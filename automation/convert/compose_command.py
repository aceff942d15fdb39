"""`from-compose`: a stack file from a Compose file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from automation.convert.compose_file import read_project
from automation.convert.compose_stack import Wanted, converted_stack
from automation.convert.output import Out, Result, deliver, out_options, settings_of
from automation.convert.report import Report
from automation.stack_files import project_name
from automation.stacks.stacks import ROOT


@click.command()
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, metavar="[FILE]…")
@click.option("--stack", default="dev", show_default=True, metavar="NAME", help="Name of the stack.")
@click.option(
    "--public",
    multiple=True,
    metavar="SERVICE",
    help="Only this service is reached from outside; again for more.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="SERVICE",
    help="Convert this one though it is a database, a proxy or a tool.",
)
@click.option("--profile", "profiles", multiple=True, metavar="NAME", help="Services with this profile, too.")
@click.option("--domain", metavar="HOST", help="Host name of the main service.")
@click.option("--zone", metavar="HOST", help="Route 53 zone that holds it.")
@click.option("--region", metavar="REGION", help="AWS region of the stack.")
@click.option("--set", "variables", multiple=True, metavar="NAME=VALUE", help="Value of ${NAME} in the file.")
@out_options
def from_compose(
    files: Sequence[Path],
    *,
    stack: str,
    public: Sequence[str],
    keep: Sequence[str],
    profiles: Sequence[str],
    domain: str | None,
    zone: str | None,
    region: str | None,
    variables: Sequence[str],
    out: Out,
) -> None:
    """Make a stack file from a Compose file.

    Without FILE the one in this folder is read; of several each is laid over the ones before. The stack file
    is printed unless --write or --out says where to. Everything that is not the same is reported. No other
    file is changed. docs/from-compose.md has each field and its key.
    """
    project = read_project(files, settings_of(variables))
    wanted = Wanted(
        project=project_name(ROOT),
        stack=stack,
        root=ROOT,
        region=region,
        domain=domain,
        zone=zone,
        public=public,
        keep=keep,
        profiles=profiles,
    )
    report = Report()
    config = converted_stack(project, wanted, report)
    named = ", ".join(file.as_posix() for file in project.files)
    head = (
        (
            f"From {named}, by `python -m automation from-compose`: docs/from-compose.md has each field and"
            " its key. A service takes from the first one whatever it does not say itself."
        ),
    )
    deliver([Result(stack, config, report, head)], wanted.project, ROOT, out)
