# ruff: noqa: INP001 - a folder of documents, not a package
"""Makes a website of the documents: `python -m docs.website check`, `build` or `serve`.

The documents are written for GitHub. This copies them into `.build/website`, with README as the first page;
links to files that are not pages lead to the repository. Zensical makes the website, and fails for broken
links and anchors.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from local import tool_packages

ROOT: Final = Path(__file__).resolve().parents[1]
CONFIG: Final = Path("docs/zensical.toml")
REQUIREMENTS: Final = ROOT / ".ci" / "docs" / "requirements.txt"
WORK: Final = ROOT / ".build" / "website"
SITE: Final = WORK / "site"
ADDRESS: Final = "127.0.0.1:8000"
MERMAID: Final = "mermaid@12.3.0"
MERMAID_SHA512: Final = (
    "4113TdXeLAsMruJ79OpFL5O8+LTFXhQqZ260rF3tgUmiNAtRm4Uume04I+65PRN6yZ69J4f8rVYWW8zRk65UYw=="
)
"""Of the package's archive, as npm shows it: draws the diagrams of the documents."""
PAGES_OF_THE_ROOT: Final = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "reporting.md",
}
"""Files outside `docs/` that are pages of the website, too."""
_EXAMPLES: Final = PurePosixPath("docs/examples")
_LINK: Final = re.compile(r"(?P<text>!?\[(?:[^\[\]]|\[[^\]]*\])*\])\((?P<target>[^)\s]+)\)")
_CODE: Final = re.compile(r"(?ms)^(?P<fence> *(?:```+|~~~+)).*?^(?P=fence)|`[^`\n]+`")


class WebsiteError(Exception):
    """The website cannot be made; the message says why, for the user."""


def pages(root: Path = ROOT) -> Mapping[str, str]:
    """Return the page of each document: paths from the project's root to paths in the website."""
    found = {name: page for name, page in PAGES_OF_THE_ROOT.items() if (root / name).exists()}
    for path in sorted((root / "docs").rglob("*.md")):
        if "node_modules" not in path.parts:
            found[path.relative_to(root).as_posix()] = path.relative_to(root / "docs").as_posix()
    for path in sorted((root / _EXAMPLES).glob("*.yaml")):
        found[path.relative_to(root).as_posix()] = f"examples/{path.stem}.md"
    return found


def navigation(root: Path = ROOT) -> list[str]:
    """Return the pages that the navigation names, in its order."""
    config = tomllib.loads((root / CONFIG).read_text(encoding="utf-8"))
    return list(_leaves(config["project"]["nav"]))


def copy(root: Path, target: Path, repository: str) -> None:
    """Copy the documents as pages, with their pictures.

    Args:
        root: the project's folder.
        target: the folder of the pages; what it had is deleted.
        repository: address of the project on GitHub, for links to files that are not pages; without one these
            become plain text.

    Raises:
        WebsiteError: a link leads to a file that does not exist, or the navigation and the documents differ.
    """
    known = pages(root)
    errors = [*_differences(known.values(), navigation(root)), *_broken(root, known)]
    if errors:
        raise WebsiteError("\n".join(errors))
    shutil.rmtree(target, ignore_errors=True)
    for name, page in known.items():
        _write(target / page, _page(root, name, known, repository))
    _write(target / "examples/index.md", _examples(root, known))
    for folder in ("images", "assets"):
        shutil.copytree(root / "docs" / folder, target / folder, dirs_exist_ok=True)


def main(arguments: list[str]) -> int:
    """Run one of the commands; the exit code is 0, or 1 with a sentence."""
    commands: Mapping[str, Callable[[], None]] = {"check": _check, "build": _build, "serve": _serve}
    if len(arguments) != 1 or arguments[0] not in commands:
        print(f"error: say one of {', '.join(commands)}", file=sys.stderr)
        return 2
    try:
        commands[arguments[0]]()
    except WebsiteError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _check() -> None:
    copy(ROOT, WORK / "pages", _repository())
    try:
        _zensical("build", "--clean", "--strict")
    except _NotInstalledError as error:
        if os.environ.get("CI"):
            raise
        print(f"warning: links between the documents are not checked: {error}", file=sys.stderr)


def _build() -> None:
    copy(ROOT, WORK / "pages", _repository())
    _mermaid(WORK / "pages" / "assets")
    _zensical("build", "--clean", "--strict")
    print(f"The website is in {SITE.relative_to(ROOT)}; `make docs-serve` shows it.")


def _serve() -> None:
    repository = _repository()
    copy(ROOT, WORK / "pages", repository)
    _mermaid(WORK / "pages" / "assets")
    threading.Thread(target=_follow, args=(repository,), daemon=True).start()
    print(f"http://{ADDRESS} (Ctrl-C ends it)")
    _zensical("serve", "--dev-addr", ADDRESS)


def _follow(repository: str) -> None:
    """Copy the documents anew when one of them changes."""
    before = _times()
    while True:
        time.sleep(1)
        try:
            if (now := _times()) == before:
                continue
            before = now
            for name, page in pages().items():
                text = _page(ROOT, name, pages(), repository)
                if not (path := WORK / "pages" / page).exists() or path.read_text(encoding="utf-8") != text:
                    _write(path, text)
        except OSError as error:
            print(f"error: {error}", file=sys.stderr)


def _times() -> Mapping[str, float]:
    return {name: (ROOT / name).stat().st_mtime for name in pages()}


class _NotInstalledError(WebsiteError):
    """What makes the website cannot be had."""


def _zensical(*arguments: str) -> None:
    """Run Zensical in the folder of the copied pages, installed once into `.venv`."""
    version = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    packages = ROOT / ".venv" / f"website-{version}"
    if not packages.exists():
        _install(packages)
    shutil.copy(ROOT / CONFIG, WORK / "zensical.toml")
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    command = [sys.executable, "-m", "zensical", *arguments]
    if arguments[0] == "serve":
        subprocess.run(command, cwd=WORK, env=environment, check=False)
        return
    done = subprocess.run(command, cwd=WORK, env=environment, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        # Zensical colours each letter, on a terminal or not.
        output = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr).strip()
        raise WebsiteError(f"the documents have broken links, or Zensical failed:\n{output}")


def _install(packages: Path) -> None:
    print("Installing what makes the website, this once ...", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=packages.parent) as folder:
        target = Path(folder) / "packages"
        try:
            tool_packages.install(target, REQUIREMENTS)
        except tool_packages.NotInstalledError as error:
            reason = str(error).splitlines()[-1].strip()
            raise _NotInstalledError(
                f"{REQUIREMENTS.relative_to(ROOT)} cannot be installed: {reason}"
            ) from error
        for old in packages.parent.glob("website-*"):
            if old != packages:
                shutil.rmtree(old, ignore_errors=True)
        try:
            target.rename(packages)
        except OSError:
            # Another run has installed the same meanwhile.
            if not packages.exists():
                raise


def _mermaid(assets: Path) -> None:
    """Put Mermaid beside the script that uses it; without npm the text of a diagram is shown."""
    kept = ROOT / ".venv" / f"{MERMAID.replace('@', '-')}.min.js"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as folder:
            done = tool_packages.npm("pack", MERMAID, "--silent", cwd=Path(folder))
            archive = next(Path(folder).glob("*.tgz"), None)
            if done.returncode != 0 or archive is None:
                print("warning: diagrams stay text, since npm cannot fetch mermaid", file=sys.stderr)
                return
            digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
            if digest != MERMAID_SHA512:
                raise WebsiteError(
                    f"{MERMAID} from npm is not the one that docs/website.py knows by its hash."
                )
            shutil.unpack_archive(archive, folder, filter="data")
            shutil.copy(Path(folder) / "package" / "dist" / "mermaid.min.js", kept)
    shutil.copy(kept, assets / "mermaid.min.js")


def _repository() -> str:
    """Return the address of the project on GitHub; empty if it is unknown."""
    if name := os.environ.get("GITHUB_REPOSITORY"):
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{name}"
    if shutil.which("git") is None:
        return ""
    remote = subprocess.run(
        ["git", "config", "remote.origin.url"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    found = re.search(r"github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?$", remote.stdout.strip())
    return f"https://github.com/{found[1]}" if found else ""


def _leaves(nav: Any) -> Iterator[str]:
    match nav:
        case str():
            yield nav
        case list():
            for one in nav:
                yield from _leaves(one)
        case _:
            yield from _leaves(list(nav.values()))


def _differences(known: Any, named: list[str]) -> Iterator[str]:
    needed = {page for page in known if not page.startswith("examples/")} | {"examples/index.md"}
    yield from (f"{CONFIG}: the navigation lacks {page}" for page in sorted(needed - {*named}))
    others = [page for page in named if page not in needed]
    yield from (f"{CONFIG}: the navigation names {page}, which does not exist" for page in others)


def _links(text: str) -> Iterator[re.Match[str]]:
    """Yield the links of a document that lead into the project."""
    code = [match.span() for match in _CODE.finditer(text)]
    for match in _LINK.finditer(text):
        inside = any(begin <= match.start() and match.end() <= end for begin, end in code)
        if not inside and not re.match(r"[a-z]+:|#", match["target"]):
            yield match


def _aim(name: str, target: str) -> tuple[str, str]:
    """Return where a link leads: a path from the project's root, and what comes after it."""
    path, hash_, anchor = target.partition("#")
    return os.path.normpath(PurePosixPath(name).parent / path), hash_ + anchor


def _broken(root: Path, known: Mapping[str, str]) -> Iterator[str]:
    for name in known:
        if name.endswith(".md"):
            for match in _links((root / name).read_text(encoding="utf-8")):
                path, _ = _aim(name, match["target"])
                if path.startswith("..") or not (root / path).exists():
                    yield f"{name}: the link to {match['target']} leads to no file"


def _page(root: Path, name: str, known: Mapping[str, str], repository: str) -> str:
    text = (root / name).read_text(encoding="utf-8")
    if not name.endswith(".md"):
        about, config = _split(text)
        return f"# {PurePosixPath(name).name}\n\n{about}\n\n```yaml\n{config}```\n"
    here = PurePosixPath(known[name]).parent

    def moved(match: re.Match[str]) -> str:
        path, anchor = _aim(name, match["target"])
        if path == str(_EXAMPLES):
            path_in_site = "examples/index.md"
        elif path in known:
            path_in_site = known[path]
        elif path.startswith(("docs/images/", "docs/assets/")):
            path_in_site = path.removeprefix("docs/")
        elif repository:
            kind = "tree" if (root / path).is_dir() else "blob"
            return f"{match['text']}({repository}/{kind}/main/{path}{anchor})"
        else:
            return match["text"].removeprefix("!")[1:-1]
        return f"{match['text']}({os.path.relpath(path_in_site, here)}{anchor})"

    parts: list[str] = []
    end = 0
    for match in _links(text):
        parts += [text[end : match.start()], moved(match)]
        end = match.end()
    return "".join([*parts, text[end:]])


def _split(example: str) -> tuple[str, str]:
    """Return what the first comment of a stack file says, and the rest."""
    lines = example.splitlines(keepends=True)
    first = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    about = " ".join(line.removeprefix("#").strip() for line in lines[:first])
    return about, "".join(lines[first:])


def _examples(root: Path, known: Mapping[str, str]) -> str:
    rows = [
        f"| [{PurePosixPath(page).stem}]({PurePosixPath(page).name}) "
        f"| {_split((root / name).read_text(encoding='utf-8'))[0]} |"
        for name, page in known.items()
        if name.endswith(".yaml")
    ]
    table = "\n".join(rows)
    return f"# Examples\n\nComplete stack files.\n\n| Example | What it shows |\n|---|---|\n{table}\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
