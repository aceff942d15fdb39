"""Where converted stack files go: the terminal, or a folder, and never over a file of the team's own."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from automation.console import json_option, say, write_text
from automation.convert.report import HEADINGS, Report
from automation.errors import AutomationError
from automation.stack_examples import encryption_lines, is_example
from automation.stack_files import path_of
from automation.stack_text import comment_lines, stack_text


@dataclass(frozen=True)
class Result:
    """What became of one environment."""

    stack: str
    config: Mapping[str, Any]
    report: Report
    head: Sequence[str]
    comments: Mapping[tuple[str, ...], str] | None = None

    def text(self, project: str) -> str:
        """Return the stack file, with what there is to know at its end."""
        notes = "".join(f"{line}\n" for text in self.report.lines() for line in comment_lines(text))
        body = stack_text(project, self.config, head=self.head, comments=self.comments)
        return f"{body}{notes}"


@dataclass(frozen=True, kw_only=True)
class Out:
    """Where files go, as the options say."""

    folder: Path | None
    write: bool
    """Into the project's folder."""
    force: bool
    """Over stack files that are no examples, too."""
    report_file: Path | None
    as_json: bool


def out_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say where files go; the command gets them as one argument, `out`."""

    @wraps(command)
    def with_out(
        *arguments: Any,
        out: Path | None,
        write: bool,
        force: bool,
        report_file: Path | None,
        as_json: bool,
        **others: Any,
    ) -> None:
        place = Out(folder=out, write=write, force=force, report_file=report_file, as_json=as_json)
        command(*arguments, out=place, **others)

    for option in (
        json_option,
        click.option(
            "--report",
            "report_file",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE.md",
            help="Write what is not the same as a list to tick off.",
        ),
        click.option("--force", is_flag=True, help="Overwrite stack files that are no examples, too."),
        click.option("--write", is_flag=True, help="Write the stack files into the project's folder."),
        click.option(
            "--out",
            type=click.Path(file_okay=False, path_type=Path),
            metavar="DIR",
            help="Write them into this folder.",
        ),
    ):
        with_out = option(with_out)
    return with_out


def settings_of(pairs: Sequence[str]) -> dict[str, str]:
    """Return values by name.

    Raises:
        UsageError: a pair has no `=`.
    """
    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--set {pair}: expected NAME=VALUE")
        values[name] = value
    return values


def deliver(results: Sequence[Result], project: str, root: Path, out: Out) -> None:
    """Print or write stack files, and say what there is to know.

    Raises:
        UsageError: two places are named.
        AutomationError: a file is there already, or cannot be written.
    """
    if out.write and out.folder:
        raise click.UsageError("--write and --out say two places: one of them")
    folder = root if out.write else out.folder
    if folder is not None:
        _write(results, project, folder, force=out.force)
    if out.report_file is not None:
        write_text(out.report_file, _markdown(results))
    if out.as_json:
        document = {
            "stacks": {one.stack: {"config": one.config, "text": one.text(project)} for one in results},
            "notes": {one.stack: [vars(note) for note in one.report.notes] for one in results},
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    if folder is None:
        click.echo(
            "\n".join(f"# {path_of(Path(), one.stack)}\n{one.text(project)}" for one in results), nl=False
        )
    # Who sees both has read it at the end of the files.
    if folder is not None or not (sys.stdout.isatty() and sys.stderr.isatty()):
        for line in _said_once(results):
            say(line)
    if folder is None:
        say(
            "Nothing was written: --write puts the files into the project's folder, --out DIR into another"
            " one."
        )


def _said_once(results: Sequence[Result]) -> Iterator[str]:
    """Yield all notes, each once, with the stacks that it is about where they are not all of them."""
    for kind, heading in HEADINGS.items():
        stacks: dict[str, list[str]] = {}
        for one in results:
            for note in one.report.notes:
                if note.kind == kind:
                    stacks.setdefault(note.line, []).append(one.stack)
        if stacks:
            yield f"{heading} ({len(stacks)}):"
        for line, names in stacks.items():
            yield f"  - {line}" if len(names) == len(results) else f"  - [{', '.join(names)}] {line}"


def _write(results: Sequence[Result], project: str, folder: Path, *, force: bool) -> None:
    there = [one.stack for one in results if path_of(folder, one.stack).exists()]
    examples = [stack for stack in there if is_example(folder, stack)]
    own = [path_of(folder, stack).name for stack in there if stack not in examples]
    if own and not force:
        command = shlex.join(["python", "-m", "automation", *sys.argv[1:], "--force"])
        raise AutomationError(
            f"{', '.join(own)} is in {folder} already, and nothing was written: `{command}` overwrites,"
            " `--out DIR` writes elsewhere"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AutomationError(f"{folder} cannot be made: {error.strerror}") from error
    for one in results:
        path = path_of(folder, one.stack)
        encryption = ""
        # One that cannot be read has nothing to keep.
        with suppress(AutomationError):
            encryption = encryption_lines(path)
        write_text(path, f"{one.text(project)}{encryption}")
        say(f"wrote {path}{', in place of the example' if one.stack in examples else ''}")


def _markdown(results: Sequence[Result]) -> str:
    lines: list[str] = []
    for one in results:
        lines += [f"## Stack {one.stack}", "", *one.report.markdown()]
    return "\n".join(lines).rstrip() + "\n"
