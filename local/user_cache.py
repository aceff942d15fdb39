"""The project's cache folder, which all clones share."""

from __future__ import annotations

import os
from pathlib import Path


def user_cache() -> Path | None:
    """Return the project's folder in the user's cache; None without a home directory.

    `XDG_CACHE_HOME` chooses another cache (https://specifications.freedesktop.org/basedir-spec/latest/).
    """
    # By the specification, relative paths are ignored.
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        cache = chosen if chosen.is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        return None
    return cache / "node-on-ecs"
