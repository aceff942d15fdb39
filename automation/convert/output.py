"""The options that both converters have, and where stack files go: the terminal or a folder."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any

import click

from automation.console import json_option, say, write_text
from automation.convert.report import Report, report_lines, report_markdown
from automation.errors import AutomationError
from automation.stack_examples import is_example
from automation.stack_files import encryption_lines, path_of, project_name
from automation.stack_text import comment_lines, stack_text
from automation.stacks.stacks import ROOT


@dataclass(frozen=True)
class Result:
    """A converted stack."""

    stack: str
    origin: str
    """What was converted."""
    config: Mapping[str, Any]
    report: Report


@dataclass(frozen=True, kw_only=True)
class Options:
    """The project, and the options that both converters have."""

    root: Path
    """The project's folder."""
    project: str
    """The project's name."""
    domain: str | None = None
    zone: str | None = None
    region: str | None = None
    variables: Mapping[str, str]
    """Values for `${NAME}` in the files."""
    out: Path | None = None
    write: bool = False
    force: bool = False
    report_file: Path | None = None
    as_json: bool = False


def conversion_options(domain_help: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add the options of a converter; the command gets them as one argument, `options`."""
    folder = click.Path(path_type=Path, file_okay=False)
    file = click.Path(path_type=Path, dir_okay=False)
    declared = (
        click.option("--domain", metavar="HOST", help=domain_help),
        click.option("--zone", metavar="HOST", help="Route 53 hosted zone of the domain."),
        click.option("--region", metavar="REGION", help="AWS region of the stack."),
        click.option(
            "--set",
            "variables",
            multiple=True,
            metavar="NAME=VALUE",
            callback=_variables,
            help="Value of ${NAME} in the files.",
        ),
        click.option("--out", type=folder, metavar="DIR", help="Write the stack files into this folder."),
        click.option("--write", is_flag=True, help="Write the stack files into the project's folder."),
        click.option("--force", is_flag=True, help="Overwrite stack files other than examples, too."),
        click.option(
            "--report",
            "report_file",
            type=file,
            metavar="FILE.md",
            help="Write the differences as a list to tick off.",
        ),
        json_option,
    )

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def with_options(*arguments: Any, **given: Any) -> None:
            chosen = {field.name: given.pop(field.name) for field in fields(Options) if field.name in given}
            command(*arguments, options=Options(root=ROOT, project=project_name(ROOT), **chosen), **given)

        for option in reversed(declared):
            with_options = option(with_options)
        return with_options

    return decorate


def _variables(context: click.Context, parameter: click.Parameter, pairs: Sequence[str]) -> dict[str, str]:
    del context, parameter
    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--set {pair}: expected NAME=VALUE")
        values[name] = value
    return values


def deliver(command: str, results: Sequence[Result], options: Options) -> None:
    """Print or write the stack files that a command has converted, and print the report.

    Raises:
        UsageError: both --write and --out are used.
        AutomationError: a file exists already, or cannot be written.
    """
    if options.write and options.out:
        raise click.UsageError("use --write or --out, not both")
    folder = options.root if options.write else options.out
    texts = {result.stack: _stack_file(command, result, options.project) for result in results}
    reports = {result.stack: result.report for result in results}
    if folder is not None:
        _write(texts, folder, force=options.force)
    if options.report_file is not None:
        write_text(options.report_file, report_markdown(reports))
    if options.as_json:
        document = {
            "stacks": {
                result.stack: {"config": result.config, "text": texts[result.stack]} for result in results
            },
            "notes": {stack: [vars(note) for note in report.notes] for stack, report in reports.items()},
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    if folder is None:
        click.echo(
            "\n".join(f"# {path_of(Path(), stack)}\n{text}" for stack, text in texts.items()), nl=False
        )
    # On a terminal the files, which end with the report, have just been printed.
    if folder is not None or not (sys.stdout.isatty() and sys.stderr.isatty()):
        for line in report_lines(reports):
            say(line)
    if folder is None:
        say("Nothing was written: --write writes into the project's folder, --out DIR into another one.")


def _stack_file(command: str, result: Result, project: str) -> str:
    """Return the text of a stack file, with the report at its end."""
    head = (
        f"Converted from {result.origin} by `python -m automation {command}`; docs/{command}.md lists each"
        " field and its key. A service inherits the keys that it does not set from the main one, at the top."
    )
    notes = report_lines({result.stack: result.report})
    comments = "".join(f"{line}\n" for note in notes for line in comment_lines(note))
    return f"{stack_text(project, result.config, head=(head,))}{comments}"


def _write(texts: Mapping[str, str], folder: Path, *, force: bool) -> None:
    existing = [stack for stack in texts if path_of(folder, stack).exists()]
    examples = [stack for stack in existing if is_example(folder, stack)]
    others = [path_of(folder, stack).name for stack in existing if stack not in examples]
    if others and not force:
        command = shlex.join(["python", "-m", "automation", *sys.argv[1:], "--force"])
        raise AutomationError(
            f"{', '.join(others)} exists in {folder}, and nothing was written: `{command}` overwrites,"
            " `--out DIR` writes elsewhere"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AutomationError(f"{folder} cannot be created: {error.strerror}") from error
    for stack, text in texts.items():
        path = path_of(folder, stack)
        encryption = ""
        # A file that cannot be read has nothing to keep.
        with suppress(AutomationError):
            encryption = encryption_lines(path)
        write_text(path, f"{text}{encryption}")
        say(f"wrote {path}{', in place of the example' if stack in examples else ''}")
