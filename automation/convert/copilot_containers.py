"""What the containers of a Copilot task are told, and what they can write to."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from automation.convert.copilot_manifests import UNKNOWN
from automation.convert.images import is_reference
from automation.convert.report import Place
from automation.convert.source import Source, flag_of, items, mapping, text_of
from automation.convert.variables import split

if TYPE_CHECKING:
    from automation.convert.copilot_workload import App

_ROUTER: Final = "log-router"
_FLUENT_BIT: Final = "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable"
_FREE_DISK: Final = 20
_CONDITIONS: Final = frozenset({"start", "healthy", "complete", "success"})
_UNREAD_EXPORT: Final = (
    "left out: it comes from a CloudFormation export. Look its value up (`aws cloudformation list-exports`),"
    " and write it here"
)


class Containers:
    """The containers of one workload."""

    def __init__(self, source: Source, keys: dict[str, Any], app: App, place: Place) -> None:
        self._source = source
        self._keys = keys
        self._app = app
        self._place = place
        self._volumes: dict[str, str] = {}

    def convert(self) -> None:
        """Put all of it into the service's keys."""
        source, keys = self._source, self._keys
        for key in ("entrypoint", "command"):
            if words := self._words(key, source.get(key)):
                keys[key] = words
        keys["health-check-command"] = source.texts("image.healthcheck.command")
        if source.peek("exec") is not None:
            path = "exec.enable" if isinstance(source.peek("exec"), dict) else "exec"
            if source.flag(path):
                keys["execute-command"] = True
        self._variables()
        self._storage()
        self._sidecars()
        self._router()
        waits = self._conditions("image.depends_on", source.get("image.depends_on"))
        if waits:
            keys["depends-on"] = waits

    def _variables(self) -> None:
        source, keys = self._source, self._keys
        variables = self._plain("variables", source.get("variables"))
        if keys.get("exposure") == "none" and "container-port" not in keys:
            port = variables.get("PORT", "")
            if port.isdecimal():
                keys["container-port"] = int(port)
        plain, secret = split(
            variables,
            self._place,
            field="variables",
            parameter=self._parameter,
            port=keys.get("container-port"),
        )
        secret |= self._secrets("secrets", source.get("secrets"))
        for name in [name for name in plain if name in secret]:
            del plain[name]
        if plain:
            keys["environment"] = plain
        if secret:
            keys["secrets"] = secret
        if file := source.text("env_file"):
            keys["environment-files"] = [self._app.path(file)]

    @property
    def _parameter(self) -> str:
        return f"/copilot/{self._app.name}/{self._app.environment}/secrets/"

    def _plain(self, field: str, value: object) -> dict[str, str]:
        variables: dict[str, str] = {}
        for name, one in mapping(value).items():
            text = text_of(one)
            if text is not None and UNKNOWN in text:
                self._place.do(
                    f"{field}.{name}", f"left out, for it has a variable without a value: {_shown(text)}"
                )
            elif text is not None:
                variables[name] = text
            elif one is not None:
                export = text_of(mapping(one).get("from_cfn"))
                self._place.do(
                    f"{field}.{name}{'.from_cfn' if export else ''}",
                    f"{_UNREAD_EXPORT} ({export})" if export else "left out: not a text",
                )
            else:
                self._place.differs(f"{field}.{name}", "left out, for it has no value")
        return variables

    def _secrets(self, field: str, value: object) -> dict[str, str]:
        secrets: dict[str, str] = {}
        for name, one in mapping(value).items():
            manager = text_of(mapping(one).get("secretsmanager"))
            text = text_of(one)
            if UNKNOWN in f"{manager}{text}":
                said = _shown(manager or text or "")
                self._place.do(f"{field}.{name}", f"left out, for it has a variable without a value: {said}")
            elif manager is not None:
                secrets[name] = f"secret:{manager}"
            elif text is None:
                self._place.do(f"{field}.{name}.from_cfn", _UNREAD_EXPORT)
            elif text.startswith(("arn:", "/")):
                secrets[name] = text
            elif "/" in text:
                secrets[name] = f"/{text}"
            else:
                secrets[name] = f"ssm:{text}"
        return secrets

    def _words(self, field: str, value: object) -> list[str]:
        if listed := items(value):
            return [text for one in listed if (text := text_of(one)) is not None]
        text = text_of(value)
        if text is None:
            return []
        try:
            # The CLI drops a line break before a text, which means nothing to a shell.
            return [word.lstrip("\n") for word in shlex.split(text)]
        except ValueError as error:
            self._place.missing(field, f"left out, for a shell could not read it either: {error}")
            return []

    def _conditions(self, field: str, value: object) -> dict[str, str]:
        waits: dict[str, str] = {}
        for name, one in mapping(value).items():
            condition = (text_of(one) or "").lower()
            if condition in _CONDITIONS:
                waits[container_name(name)] = condition
            else:
                self._place.missing(
                    f"{field}.{name}", f"{condition or one!r} is none of {', '.join(sorted(_CONDITIONS))}"
                )
        return waits

    def _storage(self) -> None:
        source, keys = self._source, self._keys
        disk = source.number("storage.ephemeral")
        if disk is not None and disk > _FREE_DISK:
            keys["ephemeral-storage-gib"] = disk
        source.get("storage.readonly_fs")
        volumes: dict[str, Any] = {}
        for name, value in mapping(source.peek("storage.volumes")).items():
            path = f"storage.volumes.{name}"
            ours = container_name(name)[:32].strip("-")
            self._volumes[name] = ours
            said: dict[str, Any] = {"path": (source.text(f"{path}.path") or "").rstrip("/")}
            if source.flag(f"{path}.read_only") is not False:
                said["read-only"] = True
            efs = mapping(value).get("efs")
            if isinstance(efs, dict):
                said["efs"] = self._file_system(path)
            elif source.flag(f"{path}.efs"):
                said["efs"] = self._managed(path)
            volumes[ours] = said
        if volumes:
            keys["volumes"] = volumes

    def _managed(self, path: str) -> dict[str, Any]:
        self._place.do(
            f"{path}.efs",
            "Copilot's own file system is not read: the stack makes an empty one. Copy the files (AWS"
            " DataSync), or name the old one by `file-system-id` and `access-point-id`, with an `egress` rule"
            " for port 2049",
        )
        return {}

    def _file_system(self, path: str) -> dict[str, Any]:
        source = self._source
        if (user := source.number(f"{path}.efs.uid")) is not None:
            group = source.number(f"{path}.efs.gid")
            self._keys["user"] = f"{user}:{group}" if group is not None else str(user)
            return self._managed(path)
        said: dict[str, Any] = {}
        if (system := source.text(f"{path}.efs.id")) is not None:
            said["file-system-id"] = system
        else:
            self._place.do(f"{path}.efs.id", _UNREAD_EXPORT)
            source.get(f"{path}.efs.id")
        if (point := source.text(f"{path}.efs.auth.access_point_id")) is not None:
            said["access-point-id"] = point
        if flag_of(source.peek(f"{path}.efs.auth.iam")):
            source.get(f"{path}.efs.auth.iam")
        if source.peek(f"{path}.efs.root_dir") == "/":
            source.get(f"{path}.efs.root_dir")
        return said

    def _sidecars(self) -> None:
        source = self._source
        ingress = self._keys.pop("ingress-port", None)
        sidecars: dict[str, Any] = {}
        for name in mapping(source.peek("sidecars")):
            said = self._sidecar(name)
            if said is not None:
                if self._keys.get("ingress-container") == container_name(name) and ingress is not None:
                    said["port"] = ingress
                sidecars[container_name(name)] = said
        if sidecars:
            self._keys["sidecars"] = sidecars
        if self._keys.get("ingress-container") not in (None, *sidecars):
            del self._keys["ingress-container"]

    def _sidecar(self, name: str) -> dict[str, Any] | None:
        source, before = self._source, f"sidecars.{name}"
        location = self._image_of(before)
        if location is None:
            source.get(before)
            return None
        # Docker's own defaults, as with Copilot.
        said: dict[str, Any] = {
            "image": location,
            "read-only-root-filesystem": False,
            "drop-capabilities": [],
        }
        port = (source.text(f"{before}.port") or "").partition("/")[0]
        if port.isdecimal():
            said["port"] = int(port)
        if source.flag(f"{before}.essential") is False:
            said["essential"] = False
        if credentials := source.text(f"{before}.credentialsParameter"):
            said["registry-credentials"] = credentials
        self._told(before, said)
        for key in ("entrypoint", "command"):
            if words := self._words(f"{before}.{key}", source.get(f"{before}.{key}")):
                said[key] = words
        if check := source.texts(f"{before}.healthcheck.command"):
            said["health-check-command"] = check
        if waits := self._conditions(f"{before}.depends_on", source.get(f"{before}.depends_on")):
            said["depends-on"] = waits
        mounts = {
            self._volumes.get(volume, volume): path.rstrip("/")
            for one in items(source.get(f"{before}.mount_points"))
            if (volume := text_of(mapping(one).get("source_volume")))
            and (path := text_of(mapping(one).get("path")))
        }
        if mounts:
            said["volumes"] = mounts
        return said

    def _image_of(self, before: str) -> str | None:
        """Return a sidecar's image; without one it would run the app's."""
        source = self._source
        image = source.peek(f"{before}.image")
        location = source.text(f"{before}.image.location" if isinstance(image, dict) else f"{before}.image")
        if location is None:
            self._place.do(
                f"{before}.image.build",
                "left out, for it is built: push it into a registry, and name it in `sidecars`",
            )
            return None
        location = location.replace(UNKNOWN, "$")
        if not is_reference(location):
            self._place.do(f"{before}.image", f"left out, for {location!r} is no image: say it in `sidecars`")
            return None
        return location

    def _told(self, before: str, said: dict[str, Any]) -> None:
        """Put variables and secrets of another container than the app's into its keys."""
        source = self._source
        variables, secret = split(
            self._plain(f"{before}.variables", source.get(f"{before}.variables")),
            self._place,
            field=f"{before}.variables",
            parameter=self._parameter,
            port=None,
            app=False,
        )
        secret |= self._secrets(f"{before}.secrets", source.get(f"{before}.secrets"))
        if variables:
            said["environment"] = variables
        if secret:
            said["secrets"] = secret
        if file := source.text(f"{before}.env_file"):
            said["environment-files"] = [self._app.path(file)]

    def _router(self) -> None:
        """Make a log router of what Copilot's FireLens is told."""
        source, keys = self._source, self._keys
        logging: Mapping[str, Any] = mapping(source.peek("logging"))
        if not set(logging) - {"retention"}:
            return
        said: dict[str, Any] = {
            "image": source.text("logging.image") or _FLUENT_BIT,
            "read-only-root-filesystem": False,
            "drop-capabilities": [],
        }
        self._told("logging", said)
        router: dict[str, Any] = {}
        if source.flag("logging.enableMetadata") is False:
            router["ecs-metadata"] = False
        if file := source.text("logging.configFilePath"):
            router["config-file"] = file
        said["log-router"] = router or True
        keys.setdefault("sidecars", {})[_ROUTER] = said
        options = {
            name: text
            for name, one in mapping(source.get("logging.destination")).items()
            if (text := text_of(one))
        }
        if options:
            keys["log-options"] = options
        self._place.do(
            "logging",
            "the router writes with the task's role: `task-role-statements` has to allow where it writes to",
        )


def _shown(text: str) -> str:
    return text.replace(UNKNOWN, "$")


def container_name(name: str) -> str:
    """Return a name that a container or a volume can have here: `myCache` and `my_cache` are my-cache."""
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()).strip("-")
