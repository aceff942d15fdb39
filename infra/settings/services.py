"""More services of a stack: the keys of an entry, and the services that follow from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, cast

from pydantic import ValidationError, ValidationInfo

from infra.settings.faults import Found, found_in, stranger
from infra.settings.image import ImageSettings
from infra.settings.inheritance import laid_over
from infra.settings.model import Fault, FaultsError, Model, check
from infra.settings.names import FREE_PRIORITIES, PRIORITIES_OF_ATTACHED, priority_of, priority_of_paths
from infra.settings.service import ServiceSettings
from infra.settings.traffic import KEYS_OF_AN_EXPOSURE

_KEY: Final = "services"
KEYS_OF_ONE_ALONE: Final = (
    *("name", "exposure", "command", "entrypoint", "paths", "aliases", "redirect-hosts", "priority"),
    *("listener-port", "listener-protocol"),
    *("schedules", "connect", "discovery"),
)
"""What a service does not take from the main one."""
_OF_CAPACITY: Final = ("network-mode", "placement-strategies", "placement-constraints", "gpus")
"""What a service with a capacity of its own does not take from the main one either."""
_WITH_A_FOLDER_OF_ITS_OWN: Final = ("dockerfile", "build-target", "build-args")
_WITHOUT_SHIFTS: Final = {"strategy": "rolling", "two-target-groups": False, "hooks": ()}


def _keys(model: type[Model]) -> list[str]:
    return [str(field.alias) for field in model.model_fields.values() if not field.exclude]


SOURCE_KEYS: Final = tuple(key for key in _keys(ImageSettings) if key not in ("image", "image-from"))
"""Keys by which a service has an image of its own."""
KEYS_OF_A_SERVICE: Final = (
    *(key for key in _keys(ServiceSettings) if key not in ("name", "log-retention-days")),
    *("image", "priority", *SOURCE_KEYS),
)


def read_services(value: object, info: ValidationInfo) -> dict[str, ServiceSettings]:
    """Return the services beside the main one by name; each follows from it and from its own entry.

    Raises:
        FaultsError: names all that is wrong with them.
    """
    if not isinstance(value, dict):
        raise FaultsError(
            Fault("an object of names, each with an object of keys: {worker: {exposure: none}}")
        )
    main: ServiceSettings | None = info.data.get("main")
    image: ImageSettings | None = info.data.get("image")
    services: dict[str, ServiceSettings] = {}
    faults: list[Found] = []
    for name, said in cast("dict[str, object]", value).items():
        if said is not None and not isinstance(said, dict):
            faults.append(Found((name,), f"an object with some of {', '.join(KEYS_OF_A_SERVICE)}", said))
            continue
        service, wrong = _read(name, cast("dict[str, Any]", said or {}), main, image)
        faults += [replace(one, path=(name, *one.path)) for one in wrong]
        services |= {name: service} if service else {}
    check(Fault(one.allowed, one.path, one.value) for one in faults)
    return services


def _read(
    name: str, said: Mapping[str, Any], main: ServiceSettings | None, image: ImageSettings | None
) -> tuple[ServiceSettings | None, list[Found]]:
    """Return a service, or None and what is wrong with its entry."""
    faults = [stranger((key,), said[key], KEYS_OF_A_SERVICE, listed=True) for key in said if not _known(key)]
    base = main or ServiceSettings()
    if main and name == main.name:
        faults.append(Found((), "another name than the main service's", said))
    own = {key: value for key, value in said.items() if key in KEYS_OF_A_SERVICE and key not in SOURCE_KEYS}
    try:
        inherited = _inherited(name, own, base, migrates=not {"image", *SOURCE_KEYS} & said.keys())
        service = ServiceSettings.model_validate(inherited, by_alias=True, by_name=False)
    except ValidationError as error:
        # What is wrong with the main service is told there.
        found = [one for one in found_in(error, ServiceSettings) if main or not one.is_rule]
        return None, [*faults, *(_of_name(one) if one.path[:1] == ("name",) else one for one in found)]
    source, wrong = _source(said, image or ImageSettings())
    faults += [*wrong, *_rules(said, service, base)]
    own_image = {"source": source, "image_of": name if source else None}
    return _placed(service, base, said).model_copy(update=own_image), faults


def _known(key: str) -> bool:
    return key in KEYS_OF_A_SERVICE


def _of_name(found: Found) -> Found:
    return replace(found, path=(), allowed=f"the name must be {found.allowed}")


def _inherited(name: str, own: Mapping[str, Any], main: ServiceSettings, *, migrates: bool) -> dict[str, Any]:
    """Return what the main service says, with what the entry says over it.

    Args:
        name: the entry's.
        own: what it says of a service.
        main: the main service.
        migrates: whether it runs the main one's image, which then has to be migrated for it, too.
    """
    base: dict[str, Any] = {}
    exposure = own.get("exposure", "http")
    others = [key for one, keys in KEYS_OF_AN_EXPOSURE.items() if one != exposure for key in keys]
    if exposure != "http":
        # What is about HTTP does not fit; what the entry says itself of it is checked.
        base = {"rollout": _WITHOUT_SHIFTS, "autoscaling": {"requests-per-target": 0}}
    if exposure == "none":
        # The default one asks the port.
        base["health-check-command"] = ()
    gone = _left_out(own.get("sidecars"))
    if waited := {one: None for one in gone if one in main.depends_on}:
        base["depends-on"] = waited
    of_sidecars = ("ingress-container",) if main.ingress_container in gone else ()
    of_capacity = _OF_CAPACITY if "capacity-provider-strategy" in own else ()
    of_image = () if migrates else ("migration",)
    without = [*KEYS_OF_ONE_ALONE, *others, *of_capacity, *of_sidecars, *of_image]
    return laid_over(main, base, own, {"name": name}, without=without)


def _left_out(sidecars: object) -> list[str]:
    """Return the sidecars of the main service that an entry does not take over."""
    if not isinstance(sidecars, dict):
        return []
    return [name for name, one in cast("dict[str, Any]", sidecars).items() if one is None]


def _source(said: Mapping[str, Any], main: ImageSettings) -> tuple[ImageSettings | None, list[Found]]:
    """Return where the service's own image comes from; None for a service that runs the main one's."""
    own = {key: said[key] for key in SOURCE_KEYS if key in said}
    if not own:
        return None, []
    without = ["image", *(_WITH_A_FOLDER_OF_ITS_OWN if "app-path" in own else ())]
    try:
        return (
            ImageSettings.model_validate(laid_over(main, own, without=without), by_alias=True, by_name=False),
            [],
        )
    except ValidationError as error:
        return None, list(found_in(error, ImageSettings))


def _rules(said: Mapping[str, Any], service: ServiceSettings, main: ServiceSettings) -> Iterator[Found]:
    if "image" in said and any(key in said for key in SOURCE_KEYS):
        built = ", ".join(f"`{key}`" for key in SOURCE_KEYS if key in said)
        yield Found(("image",), f"one of `image` and what is built ({built}), not both", said["image"])
    if said.get("priority") in PRIORITIES_OF_ATTACHED:
        yield Found(("priority",), FREE_PRIORITIES, said["priority"])
    if "priority" in said and service.exposure != "http":
        none = "none, or `exposure: http`: it orders the rules of the application load balancer"
        yield Found(("priority",), none, said["priority"])
    if service.architecture != main.architecture and not any(key in said for key in ("image", *SOURCE_KEYS)):
        yield Found(
            ("architecture",),
            f"{main.architecture}, as the main service has it, or an image of its own (`app-path`, "
            "`dockerfile` or `image`): the main service's image is built for one processor",
            service.architecture,
        )


def _placed(service: ServiceSettings, main: ServiceSettings, said: Mapping[str, Any]) -> ServiceSettings:
    """Return a service at its address: by its paths on the main one's host, else at a host of its own."""
    priority = said.get("priority")
    if service.exposure == "none":
        return service.model_copy(update={"host": None, "path_prefix": None})
    if service.paths:
        by_name = priority_of_paths(service.name, service.paths, before=main.priority)
        # Its paths are its own by whatever name the main service is called.
        aliases = tuple(dict.fromkeys((*main.aliases, *service.aliases)))
        here = {"host": main.host, "aliases": aliases, "priority": priority or by_name}
        return service.model_copy(update=here)
    return service.model_copy(
        update={
            "host": f"{service.name}.{main.host}" if main.host else None,
            "path_prefix": None if main.host or service.exposure == "tcp" else f"/{service.name}",
            "priority": priority or priority_of(f"{main.priority_prefix}{service.name}"),
        }
    )
