"""Variables on their way into a stack file: secrets among them, and the hosts and ports in them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from automation.convert.report import Report
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
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_WEB_PORTS: Final = {"https": _HTTPS, "wss": _HTTPS, "ws": 80}
_PORTS: Final = {
    **dict.fromkeys(("postgres", "postgresql"), (5432, "PostgreSQL")),
    **dict.fromkeys(("mysql", "mariadb"), (3306, "MySQL")),
    "mongodb": (27017, "MongoDB"),
    **dict.fromkeys(("redis", "rediss"), (6379, "Redis")),
    "amqp": (5672, "AMQP"),
    "amqps": (5671, "AMQP"),
    "smtp": (25, "SMTP"),
    "smtps": (465, "SMTP"),
    "http": (80, "HTTP"),
    "kafka": (9092, "Kafka"),
    "nats": (4222, "NATS"),
    "memcached": (11211, "Memcached"),
}
"""Usual ports by the scheme of a URL, with the name of the server."""
_PORTS_BY_NAME: Final = {
    r"POSTGRES|(?:^|_)PG(?:_|HOST|PASS|USER)": (5432, "PostgreSQL"),
    r"MYSQL|MARIADB": (3306, "MySQL"),
    r"MONGO": (27017, "MongoDB"),
    r"REDIS": (6379, "Redis"),
    r"RABBIT|AMQP": (5672, "AMQP"),
    r"SMTP": (587, "SMTP"),
}
"""Usual ports by a part of a secret's name."""
_HOST_AND_PORT: Final = re.compile(
    r"(?:^|[=,@])\s*([A-Za-z][\w.-]*)(?=:(\d{2,5})(?:$|[,;/]))|(?:Server|Host|Data Source)=([\w.-]+)",
    re.IGNORECASE,
)
_HOST_NAME: Final = re.compile(r"HOST|ADDR|URL|URI|ENDPOINT|SERVER|BROKER|UPSTREAM|CONNECTION", re.IGNORECASE)
_HOST_ENDS: Final = re.compile(r"HOST(?:NAME)?$", re.IGNORECASE)
_SOME_DATABASE: Final = re.compile(
    r"(?:^|_)(?:DATABASE|DB|RDS)(?:_(?:URL|URI|HOST|SECRET|PASSWORD|CREDENTIALS))?$", re.IGNORECASE
)
INVALID_NAME: Final = "left out: a variable's name has letters, digits and underscores"


def split_variables(
    variables: Mapping[str, str],
    report: Report,
    *,
    field: str,
    parameter: str,
    port: int | None = None,
    is_app: bool = True,
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the variables for `environment`, and those for `secrets`.

    Args:
        variables: by name.
        report: gets notes about what is left out.
        field: the field of the file that has the variables.
        parameter: the first part of the names of SSM parameters.
        port: the port of the app, which is its `PORT`.
        is_app: whether it is the app's own container, for which the task definition sets some variables.
    """
    plain: dict[str, str] = {}
    secret: dict[str, str] = {}
    for name, value in variables.items():
        path = f"{field}.{name}"
        if not is_variable_name(name):
            report.missing(path, INVALID_NAME)
        elif name in CREDENTIALS:
            report.missing(
                path,
                "left out: the task role has credentials; allow in `task-role-statements` what they are for",
            )
        elif is_app and name in SET_BY_TASK_DEFINITION:
            if name != "PORT" or value != str(port):
                report.differs(path, f"left out: the task definition sets {name} itself, to another value")
        elif looks_secret(name, value):
            secret[name] = f"{parameter}{name}"
            report.todo(
                path,
                f"looks like a secret, so its value is not in the stack file. {put_parameter(secret[name])}",
            )
        else:
            plain[name] = value
    return plain, secret


def put_parameter(name: str) -> str:
    """Return the sentence that says how to store a secret."""
    return f"Store it in SSM: `aws ssm put-parameter --type SecureString --name {name} --value …`"


def is_variable_name(name: str) -> bool:
    """Whether a variable can have this name."""
    return _NAME.fullmatch(name) is not None


def ports_in(variables: Mapping[str, str], internal: Collection[str] = ()) -> Iterator[tuple[int, str]]:
    """Yield the ports that variables name, each with its server as far as the variable tells.

    Args:
        variables: by name.
        internal: hosts of the stack's own services, to which no rule is needed.
    """
    for name, value in variables.items():
        found: list[tuple[int, str]] = []
        for scheme, host, port in _URL.findall(value):
            usual, server = _PORTS.get(scheme.lower(), (_HTTPS, scheme.lower()))
            if host.lower() not in (*_LOOPBACK, *internal):
                found.append((int(port) if port else usual, server))
        if _PORT_NAME.search(name) and not _OWN_PORT.fullmatch(name) and value.isdecimal():
            server = name.upper().removesuffix("PORT").strip("_").replace("_", " ").lower()
            found.append((int(value), server or "port"))
        yield from ((port, server) for port, server in found if port != _HTTPS and 0 < port <= _LARGEST_PORT)


def hosts_in(name: str, value: str) -> set[str]:
    """Return the hosts that a variable names: of URLs, of lists, of `Server=db;…`, or a name alone.

    A word alone is a host only if the variable's name says so: `DB_DIALECT: postgres` has none.
    """
    return {host for host, _ in _targets(name, value)}


def hosts_with_ports(variables: Mapping[str, str]) -> Iterator[tuple[str, int | None]]:
    """Yield the hosts that variables name, each with its port, or None where no variable has one.

    The port of `WORKER_HOST` is in `WORKER_PORT`.
    """
    for name, value in variables.items():
        beside = variables.get(_HOST_ENDS.sub("PORT", name), "") if _HOST_ENDS.search(name) else ""
        for host, port in _targets(name, value):
            number = port or (int(beside) if beside.isdecimal() else None)
            yield host, number if number and number <= _LARGEST_PORT else None


def _targets(name: str, value: str) -> set[tuple[str, int | None]]:
    if "://" in value:
        usual = {**_WEB_PORTS, **{scheme: port for scheme, (port, _) in _PORTS.items()}}
        return {
            (host.lower(), int(port) if port else usual.get(scheme.lower()))
            for scheme, host, port in _URL.findall(value)
        }
    targets: set[tuple[str, int | None]] = {
        ((host or server).lower(), int(port) if port else None)
        for host, port, server in _HOST_AND_PORT.findall(value)
    }
    if _HOST_NAME.search(name):
        targets |= {(part.strip().lower(), None) for part in value.split(",")}
    return targets


def ports_of_secrets(secrets: Iterable[str], report: Report) -> dict[int, str]:
    """Return the ports of the servers that the names of secrets suggest; report databases without one."""
    ports: dict[int, str] = {}
    for name in secrets:
        found = (port for pattern, port in _PORTS_BY_NAME.items() if re.search(pattern, name, re.IGNORECASE))
        if port := next(found, None):
            ports[port[0]] = port[1]
        elif _SOME_DATABASE.search(name):
            report.todo(f"secrets.{name}", "is for a database, whose port `egress` has to list")
    return ports


def egress_rules(ports: Mapping[int, str]) -> list[dict[str, object]]:
    """Return the rules that let tasks connect to ports everywhere."""
    return [
        {
            "port": port,
            "cidr": _WHOLE_INTERNET,
            "description": re.sub(r"[^A-Za-z0-9 ._/-]", " ", server)[:255] or "port",
        }
        for port, server in sorted(ports.items())
    ]
