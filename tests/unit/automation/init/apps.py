"""Apps in a folder, as people have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SERVER = "require('express')().listen(process.env.PORT || 8080);\n"


def write_app(folder: Path, manifest: dict[str, Any], **files: str) -> Path:
    """Write a `package.json` and other files; `__` in a name stands for `/`, `_` for `.`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps(manifest))
    for name, text in files.items():
        write(folder, name.replace("__", "/").replace("_", "."), text)
    return folder


def write(folder: Path, name: str, text: str) -> None:
    """Write a file at a path below a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
