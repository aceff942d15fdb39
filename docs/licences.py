# ruff: noqa: INP001 - a folder of documents, not a package
"""Writes docs/licences.md, the licences of all dependencies: `python -m docs.licences`."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENT: Final = ROOT / "docs" / "licences.md"
LOCKS: Final = {"requirements.txt": "deployment", "requirements-dev.txt": "development"}
# Licences without conditions for programs that use the package. The MPL has conditions only for changes to
# the package itself; the OFL is for fonts, and has none for documents that use one.
ALLOWED: Final = frozenset(
    {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0", "OFL-1.1", "PSF-2.0"}
)
# Names of licences in packages without an SPDX expression.
_NAMES: Final = {
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
## Dependencies that are not Python packages

| Dependency | Licence | Source |
|---|---|---|
| Node.js, in the image | MIT, and those of its parts | the official image, by digest (`app/Dockerfile`) |
| Debian, in the image | each package's own | the same image |
| the app | Apache-2.0, like this project | `app/`; it has no npm packages |
| Pulumi CLI | Apache-2.0 | get.pulumi.com, or its Go module (`local/pulumi/module/go.mod`) |
| actionlint | MIT | its Go module (`.ci/actionlint/go.mod`) |
| Zensical, for the website of these pages | MIT | PyPI (`.ci/docs/requirements.txt`) |
| pyte, for the recording of `make up` | LGPL-3.0, run as a tool | PyPI (`.ci/recording/requirements.txt`) |
| Mermaid, for its diagrams | MIT | npm, by hash (`docs/website.py`) |
| Playwright, axe-core, for tests of pages | Apache-2.0, MPL-2.0 | PyPI (`.ci/browser/requirements.txt`) |
| Chromium, for the same | BSD-3-Clause and others | npm (`.ci/browser/package-lock.json`) |
"""


def document() -> str:
    """Return the document."""
    rows = ["| Package | Version | Licence | For |", "|---|---|---|---|"]
    rows += [
        f"| [{name}](https://pypi.org/project/{name}/) | {version} | {licence_of(name)} | {purpose} |"
        for name, version, purpose in sorted(packages())
    ]
    table = "\n".join(rows)
    return f"""# Licences of the dependencies

`python -m docs.licences` writes this page from the locks and the metadata of the installed packages; a test
checks it, and rejects licences other than {", ".join(sorted(ALLOWED))}.

{table}
{_OTHERS}"""


def packages() -> Iterator[tuple[str, str, str]]:
    """Yield name, version and purpose of each package in the locks that is installed on this system."""
    seen: set[str] = set()
    for lock, purpose in LOCKS.items():
        text = (ROOT / lock).read_text(encoding="utf-8")
        for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;]+)", text):
            if name not in seen and _metadata(name) is not None:
                seen.add(name)
                yield name, version, purpose


def licence_of(name: str) -> str:
    """Return the licence of an installed package as an SPDX expression."""
    package = _metadata(name)
    if expression := package.get("License-Expression"):
        return expression
    # Some packages have the full text here, with the name in its first line. It takes precedence over the
    # classifiers, which do not tell BSD licences apart.
    licence = _spdx((package.get("License") or "").strip().partition("\n")[0])
    if licence in ALLOWED:
        return licence
    names = [
        _spdx(classifier.rpartition(" :: ")[2])
        for classifier in package.get_all("Classifier") or []
        if classifier.startswith("License :: OSI")
    ]
    return " OR ".join(dict.fromkeys(names)) or _of_licence_file(name)


def _of_licence_file(name: str) -> str:
    """Return the licence by the text of a package's LICENSE file."""
    files = (file for file in distribution(name).files or () if file.name == "LICENSE")
    licences = (_spdx(" ".join(file.read_text().split())) for file in files)
    return next((licence for licence in licences if licence in ALLOWED), "unknown")


def _spdx(text: str) -> str:
    if text in ALLOWED:
        return text
    return next((spdx for pattern, spdx in _NAMES.items() if re.search(pattern, text, re.IGNORECASE)), text)


def _metadata(name: str) -> Any:
    try:
        return metadata(name)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
