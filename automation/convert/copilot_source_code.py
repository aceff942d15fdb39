"""Which of the variables that Copilot sets an app's code reads."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"COPILOT_[A-Z_]+")
_SOURCE: Final = frozenset(
    {".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".sh", ".json", ".conf"}
)
_NOT_THE_APPS: Final = frozenset(
    {"node_modules", ".git", "copilot", "dist", "build", ".next", ".venv", ".local"}
)
_MOST_FILES: Final = 5000
_LARGEST: Final = 1_000_000


def told_by_copilot(folder: Path) -> list[str]:
    """Return the names of such variables in the folder that a service's image is built from, sorted."""
    return sorted({name for path in _files(folder) for name in _NAME.findall(_text(path))})


def _files(root: Path) -> Iterator[Path]:
    seen = 0
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in _NOT_THE_APPS]
        for name in files:
            seen += 1
            if seen > _MOST_FILES:
                return
            path = Path(folder) / name
            if path.suffix in _SOURCE:
                yield path


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") if path.stat().st_size <= _LARGEST else ""
    except (OSError, UnicodeDecodeError):
        return ""
