"""What GitHub shows of a stack: a pull request's comment, or a job's summary."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from automation.changes.model import Changes
from automation.changes.words import counted, lines

LONGEST: Final = 65_536
"""Characters that GitHub takes: https://github.com/orgs/community/discussions/27190"""
_FOR_DETAIL: Final = 55_000
_FOR_WORDS: Final = 6_000
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")


def marker(stack: str) -> str:
    """Return what a stack's comment is found by; nobody sees it."""
    return f"<!-- node-on-ecs preview: {stack} -->"


@dataclass(frozen=True, kw_only=True)
class Comment:
    """What is to be told of one stack; every part may be missing but the title."""

    stack: str
    title: str
    """What was done, such as "Preview"."""
    changes: Changes | None = None
    drift: bool = False
    """Whether the changes have been made, by somebody else."""
    remarks: Sequence[str] = ()
    """Sentences in Markdown, between the counts and the detail."""
    failure: str = ""
    """Why it did not work."""
    link: str | None = None
    """Where the whole of it is."""

    def markdown(self) -> str:
        """Return the text: counts first, detail folded, never longer than GitHub takes."""
        head = f"### {self.title} of `{self.stack}`"
        if self.failure:
            head = f"{head}: failed"
        elif self.changes is not None:
            head = f"{head}: {counted(self.changes, drift=self.drift)}"
        parts = [marker(self.stack), head, *self.remarks]
        if self.failure:
            parts.append(_fenced(_last(clean(self.failure), _FOR_WORDS), "text"))
        if self.changes:
            parts.append(
                _folded("What was changed" if self.drift else "What changes", list(lines(self.changes)))
            )
        if self.link:
            parts.append(f"[The whole output]({self.link})")
        return "\n\n".join(parts)[: LONGEST - 1] + "\n"


def clean(text: str) -> str:
    """Return a text without a terminal's colours and other signs that nobody sees."""
    return _ESCAPES.sub("", text)


def _folded(title: str, told: list[str]) -> str:
    kept: list[str] = []
    room = _FOR_DETAIL
    for line in map(clean, told):
        if len(line) + 1 > room:
            kept.append(f"… and {len(told) - len(kept)} lines more, which the log has")
            break
        kept.append(line)
        room -= len(line) + 1
    detail = _fenced("\n".join(kept), "diff")
    return f"<details><summary>{title}</summary>\n\n{detail}\n\n</details>"


def _fenced(text: str, language: str) -> str:
    # A fence ends at as many signs as it began with: more than the text has in a row.
    most = max((len(found) for found in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, most + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _last(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"…{text[-longest:]}"
