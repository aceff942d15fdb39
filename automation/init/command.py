"""`init`: five questions, and the files that a team's own app needs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from automation.console import json_option, say, show
from automation.errors import AutomationError
from automation.init import answers
from automation.init.app import App
from automation.init.files import differences, write_all
from automation.init.stack_file import StackFile
from automation.stack_examples import is_example
from automation.stack_files import encryption_lines, path_of, project_name, stack_names
from automation.stacks.stacks import Stacks, settings_of


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """The files of an app and its stacks."""

    root: Path
    app: App
    stacks: Sequence[str]
    to_write: dict[Path, str] = field(default_factory=dict[Path, str])
    """Stack files to write, with their text."""
    kept: dict[Path, str] = field(default_factory=dict[Path, str])
    """Stack files that are kept, with the text that `--force` would write."""
    hosts: dict[str, str | None] = field(default_factory=dict[str, str | None])
    """Host names by stack."""

    def shown(self, path: Path) -> str:
        """Return a path as seen from the project's folder."""
        return Path(os.path.relpath(path, self.root)).as_posix()

    def next_commands(self) -> dict[str, str]:
        """Return the commands to type next, each with its purpose."""
        first = self.stacks[0]
        stack = "" if first == "dev" else f" STACK={first}"
        return {
            f"make up{stack}": "on this machine, without an AWS account",
            f"python -m automation cost {first}": "the monthly cost",
            "pulumi login": "to AWS, once: Pulumi Cloud, or a bucket (docs/first-deployment.md)",
            f"pulumi stack init {first}": "",
            f"python -m automation preview {first}": "",
            f"python -m automation up {first}": "",
        }


@click.command(short_help="Start with your own app: write stack files and a Dockerfile.")
@click.option("--app-path", metavar="FOLDER", help="The app's folder; it may be outside this project.")
@click.option(
    "--domain", metavar="ZONE", help="Your Route 53 hosted zone, such as shop.com; none for plain HTTP."
)
@click.option("--region", metavar="REGION", help="The AWS region.")
@click.option("--stacks", "names", metavar="NAMES", help="The stacks, such as dev,staging,prod.")
@click.option(
    "--account",
    metavar="WHO",
    help="A profile of ~/.aws/config, an account number that one profile has, or the ARN of a role to "
    "assume; none for the shell's credentials. For each stack: dev=ours,prod=theirs.",
)
@click.option("--yes", is_flag=True, help="Do not prompt: use the defaults for unused options, and write.")
@click.option("--force", is_flag=True, help="Replace stack files that name your own domain, too.")
@json_option
@click.pass_obj
def init(
    stacks: Stacks,
    /,
    *,
    app_path: str | None,
    domain: str | None,
    region: str | None,
    names: str | None,
    account: str | None,
    yes: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write a stack file for each stack, and a Dockerfile and a .dockerignore if the app has none.

    Detects how the app is built and started, its port and its health check. Shows every file before writing
    it. A stack file is kept if it names your own domain or has changes that are not committed; files with
    example.com are examples, and are replaced.
    """
    if not yes:
        answers.require_terminal()
    root, ask = stacks.root, partial(answers.answer, is_prompted=not yes)
    folder, regions, listed = (
        answers.default_folder(root),
        answers.default_region(),
        answers.default_stacks(root),
    )
    app = ask(
        "--app-path", "Folder of the app", folder, lambda text: App.of(root, Path(text).resolve()), app_path
    )
    say("Found:")
    for name, value in app.summary():
        say(f"  {name:<12}  {value}")
    zones = "Domain: your hosted zone in Route 53, such as shop.com (none: plain HTTP)"
    zone = ask("--domain", zones, "none", answers.zone, domain)
    chosen_region = ask("--region", "AWS region", regions, answers.region, region)
    chosen = ask("--stacks", "Stacks", listed, answers.stacks, names)
    who = "AWS account: a profile, the ARN of a role to assume (none: the shell's credentials)"
    accounts = ask("--account", who, "none", answers.accounts, account)
    if unknown := sorted({*accounts} - {*chosen, ""}):
        raise click.UsageError(
            f"--account names {', '.join(unknown)}, but the stacks are {', '.join(chosen)}"
        )
    project = project_name(root)
    files = [
        StackFile(
            project=project,
            stack=name,
            app=app.keys,
            region=chosen_region,
            zone=zone,
            profile=accounts.get(name, accounts[""]).profile,
            role=accounts.get(name, accounts[""]).role,
        )
        for name in chosen
    ]
    plan = _plan(root, app, files, force=force)
    written = _write(plan, is_prompted=not yes)
    show(_lines(plan, written), _document(plan, written), as_json=as_json)


def _plan(root: Path, app: App, files: Sequence[StackFile], *, force: bool) -> _Plan:
    """Return the stack files to write and to keep.

    Raises:
        AutomationError: the settings refuse a stack file.
    """
    plan = _Plan(root=root, app=app, stacks=[file.stack for file in files])
    for file in files:
        path = path_of(root, file.stack)
        text = file.text() + encryption_lines(path)
        _validate(root, file.stack, text)
        plan.hosts[file.stack] = file.host
        if not path.exists() or path.read_text("utf-8", errors="replace") != text:
            is_kept = path.exists() and not force and not is_example(root, file.stack)
            (plan.kept if is_kept else plan.to_write)[path] = text
    return plan


def _validate(root: Path, stack: str, text: str) -> None:
    with TemporaryDirectory(prefix="node-on-ecs-") as temporary:
        folder = Path(temporary)
        shutil.copyfile(root / "Pulumi.yaml", folder / "Pulumi.yaml")
        path_of(folder, stack).write_text(text, "utf-8")
        try:
            settings_of(stack, folder)
        except AutomationError as error:
            raise AutomationError(f"nothing was written: {error}") from error


def _write(plan: _Plan, *, is_prompted: bool) -> list[Path]:
    """Show the files to write, and write those that the user confirms; return them."""
    for path, text in plan.kept.items():
        say(click.style(f"{path.name} is kept; --force would change it:", bold=True))
        for line in [*differences(path, text, path.name)][1:]:
            say(line)
    confirmed: dict[Path, str] = {}
    for group in (plan.app.missing_files, plan.to_write):
        for path, text in group.items():
            for line in differences(path, text, plan.shown(path)):
                say(line)
        count = f"{len(group)} file{'' if len(group) == 1 else 's'}"
        if group and (not is_prompted or click.confirm(f"Write {count}?", default=True, err=True)):
            confirmed |= group
    write_all(confirmed)
    return [*confirmed]


def _lines(plan: _Plan, written: Sequence[Path]) -> Iterator[str]:
    yield from (f"wrote  {plan.shown(path)}" for path in written)
    yield from (f"kept   {plan.shown(path)}" for path in plan.kept)
    if not written and not plan.kept:
        yield "nothing to write: every file is up to date"
    others = [name for name in stack_names(plan.root) if name not in plan.stacks]
    if examples := [path_of(plan.root, name).name for name in others if is_example(plan.root, name)]:
        yield f"note   {', '.join(examples)}: still an example; delete it if you do not need the stack"
    yield from (f"note   {remark}" for remark in plan.app.remarks())
    yield from ("", "Next:")
    commands = plan.next_commands()
    width = max(map(len, commands))
    for command, purpose in commands.items():
        yield f"  {command:<{width}}  # {purpose}" if purpose else f"  {command}"


def _document(plan: _Plan, written: Sequence[Path]) -> Mapping[str, Any]:
    keys = plan.app.keys
    return {
        "written": [plan.shown(path) for path in written],
        "kept": [plan.shown(path) for path in plan.kept],
        "app": {
            "path": keys.path,
            "dockerfile": keys.dockerfile,
            "port": keys.port,
            "health_check_path": keys.health_path,
        },
        "hosts": plan.hosts,
        "remarks": [*plan.app.remarks()],
        "next": [*plan.next_commands()],
    }
