"""The way to a target past the emulated load balancer, for what that one cannot carry.

The emulator refuses WebSockets and takes a request's body in whole before it passes it on. Its rules and
targets hold here too: what a rule does not forward, and a target group without targets, is its to answer.
"""

from __future__ import annotations

import asyncio
import random
import re
import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, MultiMapping
from yarl import URL

if TYPE_CHECKING:
    from local.resources.cloud import Cloud
    from local.routes import Route

WHOLE_BODY: Final = 1024 * 1024
"""Up to here a body goes through the emulator's load balancer, which takes it in whole."""
_USUAL_PORTS: Final = frozenset({80, 443})
_OF_THE_HANDSHAKE: Final = (
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Protocol",
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What of a request a listener rule can look at."""

    host: str
    method: str
    path: str
    query: MultiMapping[str]
    headers: MultiMapping[str]


def is_upgrade(request: web.Request) -> bool:
    """Whether a client asks for a WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


def is_stream(request: web.Request) -> bool:
    """Whether a request's body may be longer than one wants to keep in memory, or never end."""
    return request.body_exists and (request.content_length is None or request.content_length > WHOLE_BODY)


def find(cloud: Cloud, route: Route, asked: Asked) -> str | None:
    """Return `address:port` of a target that the listener's rules forward to.

    None where the answer is not a target's: a redirect, a fixed response, an action that only the emulator
    has, or nobody there.
    """
    elbv2 = cloud.client("elbv2")
    rules = elbv2.describe_rules(ListenerArn=route.listener_arn)["Rules"]
    for rule in sorted(rules, key=_place):
        if rule["IsDefault"] or all(_holds(condition, asked) for condition in rule["Conditions"]):
            return _target(elbv2, rule["Actions"])
    return None


def _place(rule: Any) -> tuple[bool, int]:
    return (True, 0) if rule["IsDefault"] else (False, int(rule["Priority"]))


def _target(elbv2: Any, actions: Collection[Any]) -> str | None:
    if [action["Type"] for action in actions] != ["forward"]:
        return None
    group = next(iter(actions)).get("TargetGroupArn")
    if group is None:
        return None
    described = elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    if not described:
        return None
    target = random.choice(described)["Target"]  # noqa: S311 -- which task answers is no secret
    return f"{target['Id']}:{target['Port']}"


def _holds(condition: Any, asked: Asked) -> bool:
    """Whether a condition holds, as the emulator judges it: by its own module `alb`."""
    methods: Any = condition.get("HttpRequestMethodConfig", {})
    values: list[str] = condition.get("Values") or methods.get("Values", [])
    match condition["Field"]:
        case "host-header":
            return any(fnmatchcase(asked.host, value) for value in values)
        case "path-pattern":
            return any(fnmatchcase(asked.path, value) for value in values)
        case "http-request-method":
            return asked.method in values
        case "http-header":
            config = condition["HttpHeaderConfig"]
            return any(
                _fits(asked.headers.get(config["HttpHeaderName"]), value) for value in config["Values"]
            )
        case "query-string":
            pairs = condition.get("QueryStringConfig", {}).get("Values", ())
            return any(
                _fits(value, pair["Value"])
                for pair in pairs
                for key, value in asked.query.items()
                if not pair.get("Key") or _fits(key, pair["Key"])
            )
        case _:
            # Whoever sits at this machine has no address that a rule could know.
            return True


def _fits(value: str | None, pattern: str) -> bool:
    if value is None:
        return False
    regex = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(regex, value, re.IGNORECASE | re.DOTALL) is not None


def headers_for(route: Route, host: str, headers: Mapping[str, str], client: str) -> CIMultiDict[str]:
    """What a target gets from a load balancer: the client's headers, and who, how and where it asked.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
    """
    told = CIMultiDict(headers)
    told["Host"] = host if route.listener_port in _USUAL_PORTS else f"{host}:{route.listener_port}"
    before = told.get("X-Forwarded-For")
    told["X-Forwarded-For"] = f"{before}, {client}" if before else client
    told["X-Forwarded-Proto"] = "https" if route.tls else "http"
    told["X-Forwarded-Port"] = str(route.listener_port)
    told.setdefault("X-Amzn-Trace-Id", f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}")
    return told


class Refused(Exception):  # noqa: N818 -- no error: the target's good right
    """A target does not take the WebSocket."""


async def tunnel(
    request: web.Request, client: aiohttp.ClientSession, url: URL, headers: CIMultiDict[str]
) -> web.WebSocketResponse:
    """Join the client's WebSocket to one of the target at `url`, until either ends.

    Raises:
        Refused: the target answers with something else.
        aiohttp.ClientConnectionError: it does not answer.
    """
    offered = [word.strip() for word in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    for name in _OF_THE_HANDSHAKE:
        headers.popall(name, None)
    try:
        behind = await client.ws_connect(
            url,
            headers=headers,
            protocols=[word for word in offered if word],
            autoping=False,
            autoclose=False,
            max_msg_size=0,
        )
    except aiohttp.WSServerHandshakeError as error:
        if error.status == HTTPStatus.SWITCHING_PROTOCOLS:
            raise
        raise Refused(str(error)) from error
    async with behind:
        front = web.WebSocketResponse(
            protocols=[behind.protocol] if behind.protocol else (),
            autoping=False,
            autoclose=False,
            max_msg_size=0,
            compress=False,
        )
        await front.prepare(request)
        await _join(front, behind)
    return front


async def _join(front: web.WebSocketResponse, behind: aiohttp.ClientWebSocketResponse) -> None:
    async with asyncio.TaskGroup() as both:
        both.create_task(_pass_on(front, behind))
        both.create_task(_pass_on(behind, front))


_Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def _pass_on(source: _Socket, sink: _Socket) -> None:
    """Pass on what `source` says; with its end, end `sink` in the same way."""
    while True:
        message = await source.receive()
        try:
            match message.type:
                case aiohttp.WSMsgType.TEXT:
                    await sink.send_str(message.data)
                case aiohttp.WSMsgType.BINARY:
                    await sink.send_bytes(message.data)
                case aiohttp.WSMsgType.PING:
                    await sink.ping(message.data)
                case aiohttp.WSMsgType.PONG:
                    await sink.pong(message.data)
                case aiohttp.WSMsgType.CLOSE:
                    await sink.close(code=message.data, message=(message.extra or "").encode())
                    await source.close(code=message.data)
                    return
                case _:
                    # It broke off without a word, or was closed by the other direction.
                    await sink.close(code=aiohttp.WSCloseCode.GOING_AWAY)
                    return
        except ConnectionError:
            # The other end is gone, which the other direction sees too.
            await source.close(code=aiohttp.WSCloseCode.GOING_AWAY)
            return
