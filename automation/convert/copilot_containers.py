"""The containers of a Copilot task: commands, variables, secrets, volumes, sidecars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from automation.convert.copilot_fields import WORKLOAD
from automation.convert.copilot_manifests import UNKNOWN, shown
from automation.convert.draft import is_image, short_name
from automation.convert.source import flag_of, mapping, text_of, text_values
from automation.convert.variables import split_variables

if TYPE_CHECKING:
    from automation.convert.copilot_workload import Workload

_SIDECAR: Final = "sidecars.*."
_ROUTER: Final = "log-router"
_FLUENT_BIT: Final = "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable"
_DOCKER_DEFAULTS: Final[dict[str, Any]] = {"read-only-root-filesystem": False, "drop-capabilities": []}
_DEFAULT_DISK_GIB: Final = 20
_LONGEST_VOLUME_NAME: Final = 32
_CONDITIONS: Final = frozenset({"start", "healthy", "complete", "success"})
_UNREAD_EXPORT: Final = (
    "left out: it comes from a CloudFormation export. Look its value up (`aws cloudformation list-exports`),"
    " and set it here"
)


def set_containers(workload: Workload) -> None:
    """Set the keys of a workload's containers."""
    keys = workload.keys
    keys["health-check-command"] = workload.texts("image.healthcheck.command")
    if workload.flag(workload.inside("exec", "enable")):
        keys["execute-command"] = True
    port = text_of(workload.peek("variables.PORT")) or ""
    if workload.exposure == "none" and "container-port" not in keys and port.isdecimal():
        keys["container-port"] = int(port)
    _set_variables(workload, "", keys)
    _set_storage(workload)
    _set_sidecars(workload)
    _set_log_router(workload)
    if waits := _conditions(workload, "image.depends_on"):
        keys["depends-on"] = waits


def _set_variables(workload: Workload, before: str, keys: dict[str, Any]) -> None:
    """Set variables, secrets and files of variables of the container whose fields begin with a path."""
    plain, secrets = split_variables(
        _variables(workload, f"{before}variables"),
        workload.report,
        field=f"{before}variables",
        parameter=workload.app.parameter,
        port=keys.get("container-port"),
        is_app=not before,
    )
    secrets |= _secrets(workload, f"{before}secrets")
    if plain := {name: value for name, value in plain.items() if name not in secrets}:
        keys["environment"] = plain
    if secrets:
        keys["secrets"] = secrets
    if file := workload.text(f"{before}env_file"):
        keys["environment-files"] = [workload.app.paths.in_project(file)]


def _variables(workload: Workload, path: str) -> dict[str, str]:
    report, variables = workload.report, dict[str, str]()
    for name, value in workload.mapping(path).items():
        text, export = text_of(value), text_of(mapping(value).get("from_cfn"))
        if text is not None and UNKNOWN in text:
            report.todo(f"{path}.{name}", f"left out, since it has a variable without a value: {shown(text)}")
        elif text is not None:
            variables[name] = text
        elif value is None:
            report.differs(f"{path}.{name}", "left out, since it has no value")
        elif export:
            report.todo(f"{path}.{name}.from_cfn", f"{_UNREAD_EXPORT} ({export})")
        else:
            report.todo(f"{path}.{name}", "left out: it is not a text")
    return variables


def _secrets(workload: Workload, path: str) -> dict[str, str]:
    report, secrets = workload.report, dict[str, str]()
    for name, value in workload.mapping(path).items():
        secret, text = text_of(mapping(value).get("secretsmanager")), text_of(value)
        if UNKNOWN in (source := secret or text or ""):
            report.todo(
                f"{path}.{name}", f"left out, since it has a variable without a value: {shown(source)}"
            )
        elif secret is not None:
            secrets[name] = f"secret:{secret}"
        elif text is None:
            report.todo(f"{path}.{name}.from_cfn", _UNREAD_EXPORT)
        elif text.startswith(("arn:", "/")):
            secrets[name] = text
        else:
            secrets[name] = f"/{text}" if "/" in text else f"ssm:{text}"
    return secrets


def _conditions(workload: Workload, path: str) -> dict[str, str]:
    """Return the conditions that a container waits for, by container."""
    waits: dict[str, str] = {}
    for name, value in workload.mapping(path).items():
        condition = (text_of(value) or "").lower()
        if condition in _CONDITIONS:
            waits[short_name(name)] = condition
        else:
            allowed = ", ".join(sorted(_CONDITIONS))
            workload.report.missing(f"{path}.{name}", f"{condition or value!r} is none of {allowed}")
    return waits


def _set_storage(workload: Workload) -> None:
    disk = workload.number("storage.ephemeral")
    if disk is not None and disk > _DEFAULT_DISK_GIB:
        workload.keys["ephemeral-storage-gib"] = disk
    volumes: dict[str, Any] = {}
    for name, value in mapping(workload.peek("storage.volumes")).items():
        path = f"storage.volumes.{name}"
        volume: dict[str, Any] = {"path": (workload.text(f"{path}.path") or "").rstrip("/")}
        if workload.flag(f"{path}.read_only") is not False:
            volume["read-only"] = True
        if isinstance(mapping(value).get("efs"), dict):
            volume["efs"] = _file_system(workload, f"{path}.efs")
        elif workload.flag(f"{path}.efs"):
            volume["efs"] = _new_file_system(workload, f"{path}.efs")
        volumes[short_name(name, _LONGEST_VOLUME_NAME)] = volume
    if volumes:
        workload.keys["volumes"] = volumes


def _new_file_system(workload: Workload, path: str) -> dict[str, Any]:
    workload.report.todo(
        path,
        "the stack creates an empty file system in place of Copilot's: copy the files (AWS DataSync), or name"
        " Copilot's by `file-system-id` and `access-point-id`, with an `egress` rule for port 2049",
    )
    return {}


def _file_system(workload: Workload, path: str) -> dict[str, Any]:
    if (user := workload.number(f"{path}.uid")) is not None:
        group = workload.number(f"{path}.gid")
        workload.keys["user"] = f"{user}:{group}" if group is not None else str(user)
        return _new_file_system(workload, path)
    file_system: dict[str, Any] = {}
    if (system := workload.text(f"{path}.id")) is not None:
        file_system["file-system-id"] = system
    else:
        workload.report.todo(f"{path}.id", _UNREAD_EXPORT)
    if (point := workload.text(f"{path}.auth.access_point_id")) is not None:
        file_system["access-point-id"] = point
    if flag_of(workload.peek(f"{path}.auth.iam")):
        workload.skip(f"{path}.auth.iam")
    if workload.peek(f"{path}.root_dir") == "/":
        workload.skip(f"{path}.root_dir")
    return file_system


def _set_sidecars(workload: Workload) -> None:
    keys = workload.keys
    names = {name: short_name(name) for name in mapping(workload.peek("sidecars"))}
    sidecars = {short: sidecar for name, short in names.items() if (sidecar := _sidecar(workload, name))}
    ingress, port = keys.get("ingress-container"), keys.pop("ingress-port", None)
    if ingress in sidecars:
        sidecars[ingress] |= {"port": port} if port is not None else {}
    else:
        keys.pop("ingress-container", None)
    if sidecars:
        keys["sidecars"] = sidecars


def _sidecar(workload: Workload, name: str) -> dict[str, Any] | None:
    """Return the keys of a sidecar; None without an image, since it would run the app's."""
    path = f"sidecars.{name}"
    image = _sidecar_image(workload, path)
    if image is None:
        workload.skip(path)
        return None
    sidecar: dict[str, Any] = {"image": image, **_DOCKER_DEFAULTS}
    port = (workload.text(f"{path}.port") or "").partition("/")[0]
    if port.isdecimal():
        sidecar["port"] = int(port)
    if workload.flag(f"{path}.essential") is False:
        sidecar["essential"] = False
    workload.copy_fields(WORKLOAD, _SIDECAR, at=f"{path}.", into=sidecar)
    _set_variables(workload, f"{path}.", sidecar)
    if waits := _conditions(workload, f"{path}.depends_on"):
        sidecar["depends-on"] = waits
    mounts = {
        short_name(volume, _LONGEST_VOLUME_NAME): folder.rstrip("/")
        for mount in map(text_values, workload.items(f"{path}.mount_points"))
        if (volume := mount.get("source_volume")) and (folder := mount.get("path"))
    }
    if mounts:
        sidecar["volumes"] = mounts
    return sidecar


def _sidecar_image(workload: Workload, path: str) -> str | None:
    location = workload.text(workload.inside(f"{path}.image", "location"))
    if location is None:
        workload.report.todo(
            f"{path}.image.build",
            "left out, since it is built: push it to a registry, and name it in `sidecars`",
        )
        return None
    if not is_image(shown(location)):
        workload.report.todo(
            f"{path}.image", f"left out, since {shown(location)!r} is not an image: set it in `sidecars`"
        )
        return None
    return shown(location)


def _set_log_router(workload: Workload) -> None:
    """Set a log router with the settings of Copilot's FireLens."""
    if not {*mapping(workload.peek("logging"))} - {"retention"}:
        return
    sidecar: dict[str, Any] = {"image": workload.text("logging.image") or _FLUENT_BIT, **_DOCKER_DEFAULTS}
    _set_variables(workload, "logging.", sidecar)
    router: dict[str, Any] = {}
    if workload.flag("logging.enableMetadata") is False:
        router["ecs-metadata"] = False
    if file := workload.text("logging.configFilePath"):
        router["config-file"] = file
    sidecar["log-router"] = router or True
    workload.keys.setdefault("sidecars", {})[_ROUTER] = sidecar
    destination = text_values(workload.mapping("logging.destination"))
    if options := {name: text for name, text in destination.items() if text}:
        workload.keys["log-options"] = options
    workload.report.todo(
        "logging", "the router uses the task role: allow its destination in `task-role-statements`"
    )
