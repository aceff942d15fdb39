"""What GitHub shows of a stack: a pull request's comment, or the summary of a job."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from automation.console import write_text
from automation.errors import AutomationError

if TYPE_CHECKING:
    from automation.changes.model import Changes

LONGEST: Final = 65_536
"""Characters that GitHub takes: https://github.com/orgs/community/discussions/27190"""
_LONGEST_DETAIL: Final = 55_000
_LONGEST_FAILURE: Final = 6_000
_INVISIBLE: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")

file_type: Final = click.Path(dir_okay=False, path_type=Path)
summary_option: Final = click.option(
    "--summary", type=file_type, metavar="FILE.md", help="Append Markdown, for $GITHUB_STEP_SUMMARY."
)


def marker(stack: str) -> str:
    """Return the invisible line by which a workflow finds a stack's comment."""
    return f"<!-- node-on-ecs preview: {stack} -->"


@dataclass(frozen=True, kw_only=True)
class Comment:
    """What is reported of one stack."""

    stack: str
    title: str
    """What was done, such as "Preview"."""
    changes: Changes | None = None
    drift: bool = False
    """Whether the changes are differences from the state."""
    remarks: Sequence[str] = ()
    """Paragraphs in Markdown between the counts and the detail."""
    policies: Sequence[str] = ()
    """What the controls say of the stack, one line each and the summary last."""
    failure: str = ""
    """Why it failed."""

    def markdown(self) -> str:
        """Return the text: counts first, detail folded, never longer than GitHub takes."""
        from automation.changes.formatting import drift_summary, lines, summary

        head = f"### {self.title} of `{self.stack}`"
        if self.failure:
            head = f"{head}: failed"
        elif self.changes is not None:
            head = f"{head}: {(drift_summary if self.drift else summary)(self.changes)}"
        parts = [marker(self.stack), head, *self.remarks]
        if self.failure:
            parts.append(_fenced(_end_of(clean(self.failure)), "text"))
        if self.policies:
            *detail, result = self.policies
            parts.append(f"**Policies:** {clean(result)}")
            if detail:
                parts.append(_folded("Policies", detail, "text"))
        if self.changes:
            parts.append(_folded("Differences" if self.drift else "Changes", lines(self.changes)))
        return "\n\n".join(parts)[: LONGEST - 1] + "\n"


def write(path: Path | None, comment: Comment, *, append: bool = False) -> None:
    """Write a comment to a file, if there is to be one, or append it, as GitHub wants a job's summary.

    Raises:
        AutomationError: the file cannot be written.
    """
    if path is not None:
        write_text(path, comment.markdown(), append=append)


@contextmanager
def failure_written(path: Path | None, stack: str, title: str, *, append: bool = True) -> Generator[None]:
    """If the block fails, write the reason to a file, if one is named."""
    try:
        yield
    except AutomationError as error:
        write(path, Comment(stack=stack, title=title, failure=error.output), append=append)
        raise


def clean(text: str) -> str:
    """Return a text without a terminal's colours and other invisible characters."""
    return _INVISIBLE.sub("", text)


def _folded(title: str, lines: Iterable[str], language: str = "diff") -> str:
    all_lines = [clean(line) for line in lines]
    kept: list[str] = []
    left = _LONGEST_DETAIL
    for line in all_lines:
        left -= len(line) + 1
        if left < 0:
            kept.append(f"… and {len(all_lines) - len(kept)} more lines, which the log has")
            break
        kept.append(line)
    detail = _fenced("\n".join(kept), language)
    return f"<details><summary>{title}</summary>\n\n{detail}\n\n</details>"


def _fenced(text: str, language: str) -> str:
    # A fence ends at as many signs as it began with: more than the text has in a row.
    most = max((len(found) for found in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, most + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _end_of(text: str) -> str:
    return text if len(text) <= _LONGEST_FAILURE else f"…{text[-_LONGEST_FAILURE:]}"
