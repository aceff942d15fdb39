"""Markdown about a stack for GitHub: a pull request's comment, or the summary of a job."""

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

_MAXIMUM_CHANGES: Final = 40_000
_MAXIMUM_POLICIES: Final = 15_000
"""Both in bytes of UTF-8. GitHub takes 65,536 characters, https://github.com/orgs/community/discussions/27190;
the workflow cuts a comment at 64,000 bytes, and appends a link to the log."""
_MAXIMUM_FAILURE: Final = 6_000
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
    """A report about one stack."""

    stack: str
    title: str
    """The operation, such as "Preview"."""
    changes: Changes | None = None
    drift: bool = False
    """Whether the changes are differences from the state."""
    remarks: Sequence[str] = ()
    """Paragraphs in Markdown after the heading."""
    policies: Sequence[str] = ()
    """Results of the security controls, one line each and the summary last."""
    failure: str = ""
    """Why the operation failed."""

    def markdown(self) -> str:
        """Return the text, with details folded, and never longer than GitHub allows."""
        head = f"### {self.title} of `{self.stack}`"
        if self.failure:
            head = f"{head}: failed"
        elif self.changes is not None:
            head = f"{head}: {self.changes.drift_summary if self.drift else self.changes.summary}"
        parts = [marker(self.stack), head, *self.remarks]
        if self.failure:
            parts.append(_fenced(_shortened(clean(self.failure)), "text"))
        if self.policies:
            *detail, result = self.policies
            parts.append(f"**Policies:** {clean(result)}")
            if detail:
                parts.append(_folded("Policies", detail, _MAXIMUM_POLICIES, "text"))
        if self.changes:
            title = "Differences" if self.drift else "Changes"
            parts.append(_folded(title, self.changes.lines(), _MAXIMUM_CHANGES))
        return "\n\n".join(parts) + "\n"


def write(path: Path | None, comment: Comment, *, append: bool = False) -> None:
    """Write a comment to a file if a path is given, or append it, as to the summary of a job.

    Raises:
        AutomationError: the file cannot be written.
    """
    if path is not None:
        write_text(path, comment.markdown(), append=append)


@contextmanager
def failure_written(path: Path | None, stack: str, title: str, *, append: bool = True) -> Generator[None]:
    """If the block fails, write the reason to a file, if a path is given."""
    try:
        yield
    except AutomationError as error:
        write(path, Comment(stack=stack, title=title, failure=error.output), append=append)
        raise


def clean(text: str) -> str:
    """Return a text without colours and other invisible characters."""
    return _INVISIBLE.sub("", text)


def _folded(title: str, lines: Iterable[str], maximum: int, language: str = "diff") -> str:
    all_lines = [clean(line) for line in lines]
    kept: list[str] = []
    left = maximum
    for line in all_lines:
        left -= len(line.encode()) + 1
        if left < 0:
            kept.append(f"… and {len(all_lines) - len(kept)} more lines, which the log has")
            break
        kept.append(line)
    detail = _fenced("\n".join(kept), language)
    return f"<details><summary>{title}</summary>\n\n{detail}\n\n</details>"


def _fenced(text: str, language: str) -> str:
    # Longer than any fence in the text.
    longest = max(map(len, re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _shortened(text: str) -> str:
    return text if len(text) <= _MAXIMUM_FAILURE else f"…{text[-_MAXIMUM_FAILURE:]}"
