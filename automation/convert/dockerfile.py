"""What a Dockerfile says that a stack file has to repeat: the user of the stage that is deployed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_LINE: Final = re.compile(r"\s*(FROM|USER)\s+(.*\S)", re.IGNORECASE)
_FROM: Final = re.compile(r"(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_ROOT: Final = re.compile(r"(?:root|0+)(?::.*)?")


def user_of(dockerfile: Path, target: str | None = None) -> str | None:
    """Return the user that the last stage, or the one called `target`, runs as.

    None if it is root, if the base image decides, or if the file cannot be read.
    """
    try:
        text = dockerfile.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    users: dict[str, str | None] = {}
    stages: list[str] = []
    for line in text.replace("\\\n", " ").splitlines():
        found = _LINE.match(line)
        if not found:
            continue
        if found[1].upper() == "FROM":
            base = _FROM.match(found[2])
            name = (base[2] if base and base[2] else str(len(stages))).lower()
            stages.append(name)
            users[name] = users.get(base[1].lower()) if base else None
        elif stages:
            users[stages[-1]] = found[2]
    wanted = target.lower() if target else (stages[-1] if stages else "")
    numbered = {str(number): name for number, name in enumerate(stages)}
    user = users.get(wanted if wanted in users else numbered.get(wanted, ""))
    return None if user is None or "$" in user or _ROOT.fullmatch(user) else user
