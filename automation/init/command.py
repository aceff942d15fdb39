"""`init`: five questions, and the files that a team's own app needs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from automation.console import json_option, say, show
from automation.errors import AutomationError
from automation.init import answers
from automation.init.answers import Account, Question
from automation.init.app import App
from automation.init.files import differences, write_all
from automation.init.stack_file import StackFile
from automation.stack_examples import encryption_lines, is_example
from automation.stack_files import path_of, project_name, stack_names
from automation.stacks.stacks import Stacks, settings_of


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What is to be written."""

    app: App
    stacks: Sequence[str]
    stack_files: Mapping[Path, str]
    kept: Mapping[Path, str]
    """Stack files that stay as they are, with the text that `--force` would write."""
    hosts: Mapping[str, str | None]


@click.command(short_help="Begin with your own app: write stack files and a Dockerfile.")
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
@click.option(
    "--yes", is_flag=True, help="Ask nothing: take the defaults for what no option answers, and write."
)
@click.option("--force", is_flag=True, help="Replace stack files that name a domain of yours, too.")
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

    Finds out how the app is built and started, its port and its health check. Shows every file before it is
    written. A stack file is kept if it names a domain of yours or has changes that are not committed; those
    that name example.com are examples, and are replaced.
    """
    asks = not yes
    if asks:
        answers.require_terminal()
    root = stacks.root
    folder = Question(
        option="--app-path",
        text="Folder of the app",
        default=answers.default_folder(root),
        read=lambda text: App.of(root, (Path.cwd() / text).resolve()),
    )
    app: App = folder.answer(app_path, asks=asks)
    say("Found:")
    for name, value in app.summary():
        say(f"  {name:<12}  {value}")
    zone = Question(
        option="--domain",
        text="Domain: your hosted zone in Route 53, such as shop.com (none: plain HTTP)",
        default="none",
        read=answers.zone,
    )
    where = Question(
        option="--region", text="AWS region", default=answers.default_region(), read=answers.region
    )
    which = Question(
        option="--stacks", text="Stacks", default=answers.default_stacks(root), read=answers.stacks
    )
    who = Question(
        option="--account",
        text="AWS account: a profile, the ARN of a role to assume (none: the shell's credentials)",
        default="none",
        read=answers.accounts,
    )
    plan = _plan(
        root,
        app,
        zone=zone.answer(domain, asks=asks),
        region=where.answer(region, asks=asks),
        names=which.answer(names, asks=asks),
        accounts=who.answer(account, asks=asks),
        force=force,
    )
    written = _write(root, plan, asks=asks)
    document = _document(root, plan, written)
    show(_lines(root, plan, written), document, as_json=as_json)


def _plan(
    root: Path,
    app: App,
    *,
    zone: str | None,
    region: str,
    names: Sequence[str],
    accounts: Mapping[str, Account],
    force: bool,
) -> _Plan:
    if unknown := sorted({*accounts} - {*names, ""}):
        raise click.UsageError(f"--account names {', '.join(unknown)}, but the stacks are {', '.join(names)}")
    project = project_name(root)
    to_write: dict[Path, str] = {}
    kept: dict[Path, str] = {}
    hosts: dict[str, str | None] = {}
    for name in names:
        account = accounts.get(name, accounts[""])
        file = StackFile(
            project=project,
            stack=name,
            app=app.keys,
            region=region,
            zone=zone,
            profile=account.profile,
            role=account.role,
        )
        path = path_of(root, name)
        text = file.text() + encryption_lines(path)
        _validate(root, name, text)
        hosts[name] = file.host
        if path.exists() and path.read_text("utf-8", errors="replace") == text:
            continue
        keeps = path.exists() and not force and not is_example(root, name)
        (kept if keeps else to_write)[path] = text
    return _Plan(app=app, stacks=names, stack_files=to_write, kept=kept, hosts=hosts)


def _validate(root: Path, stack: str, text: str) -> None:
    with TemporaryDirectory(prefix="node-on-ecs-") as temporary:
        folder = Path(temporary)
        shutil.copyfile(root / "Pulumi.yaml", folder / "Pulumi.yaml")
        path_of(folder, stack).write_text(text, "utf-8")
        try:
            settings_of(stack, folder)
        except AutomationError as error:
            raise AutomationError(f"nothing was written: {error}") from error


def _write(root: Path, plan: _Plan, *, asks: bool) -> list[Path]:
    """Show what is to be written, and write it; return what was."""
    for path, text in plan.kept.items():
        say(click.style(f"{path.name} is kept; with --force it would change so:", bold=True))
        for line in [*differences(path, text, path.name)][1:]:
            say(line)
    chosen: dict[Path, str] = {}
    groups = (plan.app.missing_files, plan.stack_files)
    for group in groups:
        for path, text in group.items():
            for line in differences(path, text, _shown(root, path)):
                say(line)
        count = f"{len(group)} file{'' if len(group) == 1 else 's'}"
        if group and (not asks or click.confirm(f"Write {count}?", default=True, err=True)):
            chosen |= group
    write_all(chosen)
    return [*chosen]


def _shown(root: Path, path: Path) -> str:
    import os

    return Path(os.path.relpath(path, root)).as_posix()


def _next(plan: _Plan) -> list[tuple[str, str]]:
    """Return the commands to type next, each with what it does."""
    first = plan.stacks[0]
    return [
        (
            "make up" if first == "dev" else f"make up STACK={first}",
            "on this machine, without an AWS account",
        ),
        (f"python -m automation cost {first}", "what it costs a month"),
        ("pulumi login", "to AWS, once: Pulumi Cloud, or a bucket (docs/first-deployment.md)"),
        (f"pulumi stack init {first}", ""),
        (f"python -m automation preview {first}", ""),
        (f"python -m automation up {first}", ""),
    ]


def _lines(root: Path, plan: _Plan, written: Sequence[Path]) -> Iterator[str]:
    for path in written:
        yield f"wrote  {_shown(root, path)}"
    for path in plan.kept:
        yield f"kept   {_shown(root, path)}"
    if not written and not plan.kept:
        yield "nothing to write: every file is as it would be"
    if left := _left_examples(root, plan):
        yield f"note   {', '.join(left)}: still of example.com; delete what you do not need"
    for remark in plan.app.remarks():
        yield f"note   {remark}"
    yield ""
    yield "Next:"
    commands = _next(plan)
    width = max(len(command) for command, _ in commands)
    for command, meaning in commands:
        yield f"  {command:<{width}}  # {meaning}" if meaning else f"  {command}"


def _left_examples(root: Path, plan: _Plan) -> list[str]:
    others = [name for name in stack_names(root) if name not in plan.stacks]
    return [path_of(root, name).name for name in others if is_example(root, name)]


def _document(root: Path, plan: _Plan, written: Sequence[Path]) -> dict[str, Any]:
    keys = plan.app.keys
    return {
        "written": [_shown(root, path) for path in written],
        "kept": [_shown(root, path) for path in plan.kept],
        "app": {
            "path": keys.path,
            "dockerfile": keys.dockerfile,
            "port": keys.port,
            "health_check_path": keys.health_path,
        },
        "hosts": dict(plan.hosts),
        "remarks": [*plan.app.remarks()],
        "next": [command for command, _ in _next(plan)],
    }
