"""Variables on their way into a stack file: what it may not hold, and what they tell of the network."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from automation.convert.report import Place
from infra.settings.variables import CREDENTIALS, SET_BY_TASK_DEFINITION, looks_secret

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_URL: Final = re.compile(
    r"\b([a-z][a-z0-9+.-]*)://(?:[^/\s@,]*@)?([^/\s:,?#]+)(?::(\d{1,5}))?", re.IGNORECASE
)
_PORT_NAME: Final = re.compile(r"(?:^|_)PORT$", re.IGNORECASE)
_OWN_PORT: Final = re.compile(
    r"(?:APP_|SERVER_|HTTP_|NODE_|LISTEN_|CONTAINER_|WEB_|API_|SERVICE_)?PORT", re.IGNORECASE
)
_WHOLE_INTERNET: Final = "0.0.0.0/0"
_HTTPS: Final = 443
_LARGEST_PORT: Final = 65535
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
PORTS: Final[Mapping[str, tuple[int, str]]] = {
    "postgres": (5432, "PostgreSQL"),
    "postgresql": (5432, "PostgreSQL"),
    "mysql": (3306, "MySQL"),
    "mariadb": (3306, "MySQL"),
    "mongodb": (27017, "MongoDB"),
    "redis": (6379, "Redis"),
    "rediss": (6379, "Redis"),
    "amqp": (5672, "AMQP"),
    "amqps": (5671, "AMQP"),
    "smtp": (25, "SMTP"),
    "smtps": (465, "SMTP"),
    "http": (80, "HTTP"),
    "kafka": (9092, "Kafka"),
    "nats": (4222, "NATS"),
    "memcached": (11211, "Memcached"),
}
"""The usual ports of what variables lead to, by the scheme of a URL."""
_WEB_PORTS: Final = {"https": _HTTPS, "wss": _HTTPS, "ws": 80}
_BY_NAME: Final = (
    (re.compile(r"POSTGRES|(?:^|_)PG(?:_|HOST|PASS|USER)", re.IGNORECASE), (5432, "PostgreSQL")),
    (re.compile(r"MYSQL|MARIADB", re.IGNORECASE), (3306, "MySQL")),
    (re.compile(r"MONGO", re.IGNORECASE), (27017, "MongoDB")),
    (re.compile(r"REDIS", re.IGNORECASE), (6379, "Redis")),
    (re.compile(r"RABBIT|AMQP", re.IGNORECASE), (5672, "AMQP")),
    (re.compile(r"SMTP", re.IGNORECASE), (587, "SMTP")),
)
_HOST_AND_PORT: Final = re.compile(
    r"(?:^|[=,@])\s*([A-Za-z][\w.-]*)(?=:(\d{2,5})(?:$|[,;/]))|(?:Server|Host|Data Source)=([\w.-]+)",
    re.IGNORECASE,
)
_HOST_NAME: Final = re.compile(r"HOST|ADDR|URL|URI|ENDPOINT|SERVER|BROKER|UPSTREAM|CONNECTION", re.IGNORECASE)
_HOST_ENDS: Final = re.compile(r"HOST(?:NAME)?$", re.IGNORECASE)
_SOME_DATABASE: Final = re.compile(
    r"(?:^|_)(?:DATABASE|DB|RDS)(?:_(?:URL|URI|HOST|SECRET|PASSWORD|CREDENTIALS))?$", re.IGNORECASE
)


def split(
    variables: Mapping[str, str],
    place: Place,
    *,
    field: str,
    parameter: str,
    port: int | None,
    app: bool = True,
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what goes into `environment`, and what goes into `secrets` instead.

    Args:
        variables: by name.
        place: where what is left out is noted.
        field: what the variables are called in the file.
        parameter: what a SSM parameter's name begins with.
        port: the app's, which is its `PORT`.
        app: whether it is the app's own container, whose variables the program sets partly itself.
    """
    plain: dict[str, str] = {}
    secret: dict[str, str] = {}
    for name, value in variables.items():
        where = f"{field}.{name}"
        if not is_name(name):
            place.missing(where, "left out: a variable's name has letters, digits and underscores")
        elif name in CREDENTIALS:
            place.missing(
                where, "left out: the task's role has credentials; `task-role-statements` says what for"
            )
        elif app and name in SET_BY_TASK_DEFINITION:
            if name != "PORT" or value != str(port):
                place.differs(where, f"left out: the task definition sets {name} itself, to another value")
        elif looks_secret(name, value):
            secret[name] = f"{parameter}{name}"
            place.do(
                where,
                "looks like a secret, so its value is not in the stack file. Keep it in SSM: `aws ssm"
                f" put-parameter --type SecureString --name {parameter}{name} --value …`",
            )
        else:
            plain[name] = value
    return plain, secret


def ports_in(variables: Mapping[str, str], here: Collection[str] = ()) -> Iterator[tuple[int, str]]:
    """Yield the ports that variables lead to, each with what is there as far as it can be told.

    Args:
        variables: by name.
        here: hosts that are services of the stack itself, which are reached anyway.
    """
    for name, value in variables.items():
        for found in _URL.finditer(value):
            scheme, host, port = found[1].lower(), found[2].lower(), found[3]
            usual, what = PORTS.get(scheme, (_HTTPS, scheme))
            number = int(port) if port else usual
            if host not in _HERE and host not in here and number != _HTTPS and 0 < number <= _LARGEST_PORT:
                yield number, what
        if _PORT_NAME.search(name) and not _OWN_PORT.fullmatch(name) and value.isdecimal():
            number = int(value)
            if number != _HTTPS and 0 < number <= _LARGEST_PORT:
                yield number, name.upper().removesuffix("PORT").strip("_").replace("_", " ").lower() or "port"


def is_name(name: str) -> bool:
    """Whether a variable can be called so."""
    return _NAME.fullmatch(name) is not None


def leads_to(name: str, value: str) -> set[str]:
    """Return the hosts that a variable leads to: of URLs, of lists, of `Server=db;…`, or a name alone.

    A word alone is a host only if the variable's name says so: `DB_DIALECT: postgres` is none.
    """
    return {host for host, _ in _targets(name, value)}


def ports_of_hosts(variables: Mapping[str, str]) -> Iterator[tuple[str, int | None]]:
    """Yield the hosts that variables lead to, each with its port: None where nothing tells it.

    The port of `WORKER_HOST` stands in `WORKER_PORT`.
    """
    for name, value in variables.items():
        beside = variables.get(_HOST_ENDS.sub("PORT", name), "") if _HOST_ENDS.search(name) else ""
        for host, port in _targets(name, value):
            number = port or (int(beside) if beside.isdecimal() else None)
            yield host, number if number and number <= _LARGEST_PORT else None


def _targets(name: str, value: str) -> set[tuple[str, int | None]]:
    if "://" in value:
        return {
            (found[2].lower(), int(found[3]) if found[3] else _usual_port(found[1].lower()))
            for found in _URL.finditer(value)
        }
    pairs = {
        ((found[1] or found[3]).lower(), int(found[2]) if found[2] else None)
        for found in _HOST_AND_PORT.finditer(value)
    }
    if _HOST_NAME.search(name):
        pairs |= {(part.strip().lower(), None) for part in value.split(",")}
    return pairs


def _usual_port(scheme: str) -> int | None:
    return PORTS[scheme][0] if scheme in PORTS else _WEB_PORTS.get(scheme)


def ports_by_name(secrets: Iterable[str], place: Place) -> dict[int, str]:
    """Return the ports that secrets lead to, as far as their names tell; those that do not are noted."""
    ports: dict[int, str] = {}
    for name in secrets:
        found = next((port for pattern, port in _BY_NAME if pattern.search(name)), None)
        if found:
            ports[found[0]] = found[1]
        elif _SOME_DATABASE.search(name):
            place.do(f"secrets.{name}", "leads to a database, whose port has to stand in `egress`")
    return ports


def egress_for(ports: Mapping[int, str]) -> list[dict[str, object]]:
    """Return rules that let tasks reach some ports everywhere."""
    return [
        {
            "port": port,
            "cidr": _WHOLE_INTERNET,
            "description": re.sub(r"[^A-Za-z0-9 ._/-]", " ", what)[:255] or "port",
        }
        for port, what in sorted(ports.items())
    ]
