"""The user that the deployed stage of a Dockerfile runs as, which a stack file has to repeat."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_LINE: Final = re.compile(r"\s*(FROM|USER)\s+(.*\S)", re.IGNORECASE)
_FROM: Final = re.compile(r"(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_ROOT: Final = re.compile(r"(?:root|0+)(?::.*)?")


def is_root(user: str) -> bool:
    """Whether a user is root, by name or number."""
    return _ROOT.fullmatch(user) is not None


def user_of(dockerfile: Path, target: str | None = None) -> str | None:
    """Return the user of the last stage, or of the one called `target`.

    None if it is root, if the base image decides, or if the file cannot be read.
    """
    try:
        text = dockerfile.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    users: list[str | None] = []
    stages: dict[str, int] = {}
    for instruction, rest in (
        match.groups() for match in map(_LINE.match, text.replace("\\\n", " ").splitlines()) if match
    ):
        if instruction.upper() == "FROM":
            base = _FROM.match(rest)
            inherited = stages.get(base[1].lower()) if base else None
            stages[(base[2] if base and base[2] else str(len(users))).lower()] = len(users)
            users.append(None if inherited is None else users[inherited])
        elif users:
            users[-1] = rest
    for number in range(len(users)):
        stages.setdefault(str(number), number)
    stage = stages.get(target.lower()) if target else len(users) - 1
    user = users[stage] if stage is not None and users else None
    return None if user is None or "$" in user or is_root(user) else user
