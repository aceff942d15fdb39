"""Heads of HTTP/1.1 messages: read from a connection, changed, written. Bodies stay what they are."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Final, Self

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
LONGEST_LINE: Final = 16 * 1024
LONGEST_HEAD: Final = 64 * 1024

_END: Final = b"\r\n\r\n"
_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "proxy-authorization", "proxy-connection", "te"})


class BadHeadError(Exception):
    """What came is not the head of an HTTP/1.1 message, or is too long."""


@dataclass(frozen=True)
class Head:
    """First line and headers of a request or a response."""

    line: tuple[str, str, str]
    """Method, target and version; or version, status and reason."""
    headers: tuple[tuple[str, str], ...]

    @classmethod
    async def read(cls, reader: asyncio.StreamReader) -> Self:
        """Return the next head.

        Raises:
            BadHeadError: there is none, or it is longer than a load balancer takes.
        """
        try:
            data = await reader.readuntil(_END)
        except asyncio.IncompleteReadError as error:
            raise BadHeadError("the connection ended before the end of a head") from error
        except asyncio.LimitOverrunError as error:
            raise BadHeadError(f"headers may have {LONGEST_HEAD} bytes together") from error
        lines = data.removesuffix(_END).decode("latin-1").split("\r\n")
        if any(len(line) > LONGEST_LINE for line in lines):
            raise BadHeadError(f"a header may have {LONGEST_LINE} bytes")
        first = lines[0].split(" ", 2)
        pairs = [line.partition(":") for line in lines[1:]]
        if len(first) < 2 or any(not mark or name.strip() != name or not name for name, mark, _ in pairs):  # noqa: PLR2004
            raise BadHeadError("this is not HTTP/1.1")
        line = (first[0], first[1], first[2] if first[2:] else "")
        return cls(line, tuple((name, value.strip()) for name, _, value in pairs))

    def all(self, name: str) -> list[str]:
        """Return the values of every header with this name."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def first(self, name: str, default: str = "") -> str:
        """Return the value of the first header with this name."""
        return next(iter(self.all(name)), default)

    def passed_on(self, **changed: str) -> Head:
        """Return what goes to the next hop, for one message on its connection.

        Args:
            changed: headers to set, in place of those that there are; underscores stand for hyphens.
        """
        connection = {word.strip().lower() for value in self.all("Connection") for word in value.split(",")}
        connected = {"Connection": "Upgrade" if "upgrade" in connection else "close"}
        new = connected | {name.replace("_", "-"): value for name, value in changed.items()}
        dropped = (_HOP_BY_HOP | connection | {name.lower() for name in new}) - {"upgrade"}
        return Head(self.line, (*self._without(dropped), *new.items()))

    def _without(self, names: Container[str]) -> Iterable[tuple[str, str]]:
        return (pair for pair in self.headers if pair[0].lower() not in names)

    def __bytes__(self) -> bytes:
        lines = (" ".join(self.line).rstrip(), *(f"{name}: {value}" for name, value in self.headers))
        return "\r\n".join((*lines, "", "")).encode("latin-1")
