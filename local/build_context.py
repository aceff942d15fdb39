"""What a build sees of its context: the files that `.dockerignore` lets through, by BuildKit's rules."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.resources.base import ResourceError

_SPECIAL = re.compile(r"[*?\[\]\\]")


@dataclass(frozen=True)
class _Pattern:
    lets_through: bool
    """Whether it begins with `!`."""
    matches: Callable[[str], object]


def context_hash(context: Path, dockerfile: Path) -> str:
    """Hash all that a build sees: contents, names and modes.

    Raises:
        ResourceError: there is no such folder or Dockerfile, or a file cannot be read.
    """
    if not context.is_dir():
        raise ResourceError(f"context.location {str(context)!r} is no folder: correct the path of the app")
    if not dockerfile.is_file():
        raise ResourceError(
            f"there is no Dockerfile at {str(dockerfile)!r}: create it, or set dockerfile.location"
        )
    try:
        digest = hashlib.sha256(dockerfile.read_bytes())
        for name in sorted(files(context, dockerfile)):
            path = context / name
            content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
            digest.update(f"{name}\0{path.lstat().st_mode & 0o7777:o}\0{len(content)}\0".encode() + content)
    except OSError as error:
        raise ResourceError(f"cannot read {error.filename}: {error.strerror}; the build needs it") from error
    return digest.hexdigest()


def files(context: Path, dockerfile: Path) -> Iterator[str]:
    """Yield the files and links of a context that are sent to the builder, by paths relative to it.

    Raises:
        ResourceError: the ignore file cannot be read, or a pattern in it is malformed.
    """
    patterns = _patterns(context, dockerfile)

    def walk(folder: str, above: Sequence[bool]) -> Iterator[str]:
        for entry in os.scandir(context / folder):
            name = posixpath.join(folder, entry.name)
            left_out, matched = _match(patterns, name, above)
            if entry.is_dir(follow_symlinks=False):
                yield from walk(name, matched)
            elif not left_out and (entry.is_symlink() or entry.is_file()):
                yield name

    return walk("", [False] * len(patterns))


def _match(patterns: Sequence[_Pattern], name: str, above: Sequence[bool]) -> tuple[bool, list[bool]]:
    """Return whether a path is left out, and which patterns match it.

    A pattern that matches a folder matches all in it, the last one that matches decides, and one that could
    change nothing is not asked, which counts further down (moby/patternmatcher, MatchesUsingParentResults).
    """
    left_out, matched = False, list[bool]()
    for pattern, folder_matched in zip(patterns, above, strict=True):
        hit = folder_matched or (pattern.lets_through == left_out and bool(pattern.matches(name)))
        matched.append(hit)
        if hit:
            left_out = not pattern.lets_through
    return left_out, matched


def _patterns(context: Path, dockerfile: Path) -> Sequence[_Pattern]:
    # BuildKit asks for the Dockerfile's own ignore file first.
    for file in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), context / ".dockerignore"):
        if file.is_file():
            try:
                lines = file.read_text(encoding="utf-8-sig").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise ResourceError(f"cannot read {file} as UTF-8: {error}") from error
            return [pattern for line in lines if (pattern := _parse(line, file)) is not None]
    return []


def _parse(line: str, file: Path) -> _Pattern | None:
    text = line.strip()
    if line.startswith("#") or not text:
        return None
    path = text.removeprefix("!").strip()
    cleaned = posixpath.normpath(path).lstrip("/") if path else ""
    if cleaned in {"", "."}:
        return None
    try:
        return _Pattern(text.startswith("!"), re.compile(_expression(cleaned), re.DOTALL).fullmatch)
    except re.error as error:
        raise ResourceError(f"{file}: pattern {text!r} is malformed: {error}") from error


def _expression(pattern: str) -> str:
    """Return a pattern as a regular expression, as github.com/moby/patternmatcher compiles it."""
    if pattern.startswith("**") and not _SPECIAL.search(pattern, 2):
        # A plain end, also in the middle of a name.
        end = re.escape(pattern.removeprefix("**").removeprefix("/"))
        return f"(.*/)?{end}" if pattern.startswith("**/") else f".*{end}"
    expression, rest = "", pattern
    while rest:
        if rest.startswith("**"):
            rest = rest.removeprefix("**").removeprefix("/")
            expression += "(.*/)?" if rest else ".*"
        elif rest[0] == "\\" and len(rest) > 1:
            expression += re.escape(rest[1])
            rest = rest[2:]
        else:
            # Classes of characters are written alike.
            known = {"*": "[^/]*", "?": "[^/]", "[": "[", "]": "]", "^": "^", "-": "-"}
            expression += known.get(rest[0], re.escape(rest[0]))
            rest = rest[1:]
    return expression
