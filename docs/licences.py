# ruff: noqa: INP001 - a folder of documents, not a package
"""Writes docs/licences.md, the licences of what the project depends on: `python -m docs.licences`."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import PackageMetadata

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENT: Final = ROOT / "docs" / "licences.md"
LOCKS: Final = {"requirements.txt": "deploying", "requirements-dev.txt": "working on it"}
# Those that ask nothing of the program that uses them; the MPL only of changes to the package itself.
# The OFL is a font's: what is drawn with it is free.
ALLOWED: Final = frozenset(
    {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0", "OFL-1.1", "PSF-2.0"}
)
_WORDS: Final = {
    # How packages say it that have no expression of SPDX.
    r"apache": "Apache-2.0",
    r"bsd 2|2-clause": "BSD-2-Clause",
    r"bsd|3-clause": "BSD-3-Clause",
    r"mozilla|\bmpl\b": "MPL-2.0",
    r"open font": "OFL-1.1",
    r"python software|psf": "PSF-2.0",
    r"mit\b|permission is hereby granted, free of charge": "MIT",
    r"isc\b": "ISC",
}
_OTHERS: Final = """
## What is not a Python package

| What | Licence | Where it comes from |
|---|---|---|
| Node.js, in the image | MIT, with those of its parts | the official image, by digest (`app/Dockerfile`) |
| Debian, in the image | each package's own | the same image |
| the app | Apache-2.0, as this project | `app/`; it has no npm packages |
| Pulumi CLI | Apache-2.0 | get.pulumi.com, or its Go module (`local/pulumi/module/go.mod`) |
| actionlint | MIT | its Go module (`.ci/actionlint/go.mod`) |
| Zensical, for the website of these pages | MIT | PyPI (`.ci/docs/requirements.txt`) |
| pyte, for the recording of `make up` | LGPL-3.0, run as a tool | PyPI (`.ci/recording/requirements.txt`) |
| Mermaid, for its diagrams | MIT | npm, by hash (`docs/website.py`) |
| Playwright, axe-core, for tests of pages | Apache-2.0, MPL-2.0 | PyPI (`.ci/browser/requirements.txt`) |
| Chromium, for the same | BSD-3-Clause and others | npm (`.ci/browser/package-lock.json`) |
"""


def document() -> str:
    """Return the whole document."""
    rows = ["| Package | Version | Licence | For |", "|---|---|---|---|"]
    rows += [
        f"| [{name}](https://pypi.org/project/{name}/) | {version} | {licence_of(name)} | {purpose} |"
        for name, version, purpose in sorted(packages())
    ]
    table = "\n".join(rows)
    return f"""# Licences of the dependencies

`python -m docs.licences` writes this page from the locks and the metadata of the installed packages; a test
checks it, and refuses licences other than {", ".join(sorted(ALLOWED))}.

{table}
{_OTHERS}"""


def packages() -> Iterator[tuple[str, str, str]]:
    """Yield the name, the version and the purpose of each package in the locks that is installed."""
    seen: set[str] = set()
    for lock, purpose in LOCKS.items():
        text = (ROOT / lock).read_text(encoding="utf-8")
        for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;]+)", text):
            # Some are for other systems than this one.
            if name not in seen and _found(name) is not None:
                seen.add(name)
                yield name, version, purpose


def licence_of(name: str) -> str:
    """Return what a package says, in the words of SPDX."""
    found = _found(name)
    if found is None:
        return ""
    if expression := found.get("License-Expression"):
        return expression
    said = found.get("License") or ""
    classified = [
        one.rpartition(" :: ")[2]
        for one in found.get_all("Classifier") or []
        if one.startswith("License :: OSI")
    ]
    # A whole licence is told by its first line; a classifier says BSD for all of that family.
    first = _spdx(said.strip().partition("\n")[0])
    names = [first] if first in ALLOWED else classified
    return " OR ".join(dict.fromkeys(_spdx(one) for one in names)) or _of_the_file(name)


def _of_the_file(name: str) -> str:
    """Return what the licence that a package brings with it is, where nothing else says so."""
    texts = (one.read_text() for one in distribution(name).files or () if one.name == "LICENSE")
    found = (_spdx(" ".join(text.split())) for text in texts)
    return next((one for one in found if one in ALLOWED), "unknown")


def _spdx(words: str) -> str:
    if words in ALLOWED:
        return words
    return next((spdx for pattern, spdx in _WORDS.items() if re.search(pattern, words, re.IGNORECASE)), words)


def _found(name: str) -> PackageMetadata | None:
    try:
        return metadata(name)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
