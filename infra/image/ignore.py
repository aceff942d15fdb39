"""Ignore files of build contexts, by BuildKit's rules.

The rules are those of github.com/moby/patternmatcher; an integration test compares both on generated trees.
"""

from __future__ import annotations

import posixpath
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SPECIAL: Final = frozenset("*?[]\\")
_ESCAPED: Final = frozenset(".+()|{}$")


class IgnoreError(ValueError):
    """An ignore file that BuildKit rejects; the message names the line."""


@dataclass(frozen=True)
class Pattern:
    """One line of an ignore file."""

    keeps: bool
    """Whether the line begins with `!`."""
    text: str
    """The path of the pattern, without `!`."""
    matches: Callable[[str], bool]

    @property
    def literal(self) -> str:
        """The literal beginning of the pattern, which all matching paths have."""
        end = next((at for at, character in enumerate(self.text) if character in _SPECIAL), None)
        return self.text if end is None else self.text[:end]


def read_patterns(text: str) -> list[Pattern]:
    """Return the patterns of an ignore file.

    Raises:
        IgnoreError: a line is invalid.
    """
    patterns: list[Pattern] = []
    for line in text.removeprefix("\ufeff").split("\n"):
        stripped = line.strip()
        if line.startswith("#") or not stripped:
            continue
        keeps = stripped.startswith("!")
        path = _cleaned(stripped.removeprefix("!").strip())
        if keeps and path in ("", "/"):
            raise IgnoreError(f"the line {stripped!r} has no path")
        patterns.append(Pattern(keeps, path, _matcher(path)))
    return patterns


def kept_files(context: Path, patterns: Sequence[Pattern], skipped: Callable[[Path], bool]) -> Iterator[str]:
    """Yield files and links of a build context that are not ignored, relative to the context.

    Args:
        context: the folder.
        patterns: of its ignore file.
        skipped: whether a folder is ignored in addition to the patterns.

    Raises:
        OSError: a folder cannot be read.
    """

    def walk(folder: str, matched_above: Sequence[bool]) -> Iterator[str]:
        for path in sorted((context / folder).iterdir()):
            name = posixpath.join(folder, path.name)
            ignored, matched = _match(patterns, name, matched_above)
            if path.is_dir() and not path.is_symlink():
                if not skipped(path) and not (ignored and not _may_keep(patterns, name)):
                    yield from walk(name, matched)
            elif not ignored and (path.is_symlink() or path.is_file()):
                yield name

    yield from walk("", [False] * len(patterns))


def _match(patterns: Sequence[Pattern], name: str, matched_above: Sequence[bool]) -> tuple[bool, list[bool]]:
    """Return whether a path is ignored, and which patterns match it or a folder above it.

    The last match wins. As in moby/patternmatcher (MatchesUsingParentResults), a pattern that would not
    change the result is not matched, neither for the path nor for paths below it.
    """
    ignored, matched = False, list[bool]()
    for pattern, above in zip(patterns, matched_above, strict=True):
        is_match = above or (pattern.keeps == ignored and pattern.matches(name))
        matched.append(is_match)
        ignored = not pattern.keeps if is_match else ignored
    return ignored, matched


def _may_keep(patterns: Sequence[Pattern], folder: str) -> bool:
    """Whether a path below an ignored folder may be kept; tonistiigi/fsutil skips all others."""
    inside = f"{folder}/"
    return any(
        pattern.keeps and (pattern.literal.startswith(inside) or inside.startswith(pattern.literal))
        for pattern in patterns
    )


def _cleaned(path: str) -> str:
    """Return a path as Go's `filepath.Clean` does, relative to the context."""
    cleaned = posixpath.normpath(path) if path else ""
    cleaned = "/" + cleaned.lstrip("/") if cleaned.startswith("/") else cleaned
    return cleaned[1:] if len(cleaned) > 1 and cleaned.startswith("/") else cleaned


def _matcher(path: str) -> Callable[[str], bool]:
    """Return a function that matches paths: by plain text where possible, as patternmatcher does."""
    _check_syntax(path)
    if path.startswith("**") and not _SPECIAL & set(path[2:]):
        # A suffix, also within a name.
        end = path[2:]
        return lambda name: name.endswith(end) or (end.startswith("/") and name == end[1:])
    if path.endswith("**") and not _SPECIAL & set(path[:-2]):
        return lambda name: name.startswith(path[:-2])
    if not _SPECIAL & set(path):
        return lambda name: name == path
    try:
        with warnings.catch_warnings():
            # Python warns of nested brackets, whose meaning may change; Go accepts them.
            warnings.simplefilter("ignore", FutureWarning)
            expression = re.compile(_expression(path), re.ASCII)
    except re.error as error:
        raise IgnoreError(f"the pattern {path!r} is malformed: {error}") from error
    return lambda name: expression.fullmatch(name) is not None


def _expression(path: str) -> str:
    expression, rest = "", path
    while rest:
        if rest.startswith("**"):
            rest = rest[2:].removeprefix("/")
            expression += "(.*/)?" if rest else ".*"
            continue
        character, rest = rest[0], rest[1:]
        if character == "\\":
            expression, rest = expression + character + rest[0], rest[1:]
        elif character == "*":
            expression += "[^/]*"
        elif character == "?":
            expression += "[^/]"
        else:
            expression += f"\\{character}" if character in _ESCAPED else character
    return expression


def _check_syntax(path: str) -> None:
    """Check a pattern by the rules of Go's `filepath.Match`.

    Raises:
        IgnoreError: a character class or an escape is incomplete.
    """

    def after_item(at: int) -> int:
        at += path[at : at + 1] == "\\"
        if (path[at : at + 1] in ("", "-", "]") and path[at - 1 : at] != "\\") or at + 1 >= len(path):
            raise IgnoreError(f"the pattern {path!r} has a malformed character class")
        return at + 1

    at = 0
    while at < len(path):
        character, at = path[at], at + 1
        if character == "\\":
            if at == len(path):
                raise IgnoreError(f"the pattern {path!r} ends in a backslash")
            at += 1
        elif character == "[":
            at += path[at : at + 1] == "^"
            first = at
            while path[at : at + 1] != "]" or at == first:
                at = after_item(at)
                if path[at] == "-":
                    at = after_item(at + 1)
            at += 1
