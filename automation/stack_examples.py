"""Example stack files, which may be replaced."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from automation.errors import AutomationError
from automation.stack_files import path_of, read_config

_EXAMPLES: Final = (".example.com", ".example.org", ".example.net")
"""https://www.rfc-editor.org/rfc/rfc2606"""


def is_example(root: Path, stack: str) -> bool:
    """Whether a stack file names an example domain and has no uncommitted changes."""
    try:
        config = read_config(root, stack)
    except AutomationError:
        return False
    domain = config.values.get(f"{config.project}:domain", "")
    return f".{domain}".endswith(_EXAMPLES) and not _has_changes(root, path_of(root, stack))


def _has_changes(root: Path, path: Path) -> bool:
    """Whether a file has uncommitted changes."""
    try:
        status = subprocess.run(
            ["git", "-C", str(root), "status", "--porcelain", "--", str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return False
    return status.returncode == 0 and bool(status.stdout.strip())
