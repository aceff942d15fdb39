"""Start line and headers of HTTP/1.1 messages. Bodies are passed on as bytes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, Self

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
LONGEST_LINE: Final = 16 * 1024
LONGEST_HEAD: Final = 64 * 1024

_END: Final = b"\r\n\r\n"
_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "proxy-authorization", "proxy-connection", "te"})


class BadHeadError(Exception):
    """The bytes received are not the head of an HTTP/1.1 message, or it is too long."""


@dataclass(frozen=True)
class Head:
    """Start line and headers of a request or a response."""

    line: tuple[str, str, str]
    """Method, target and version; or version, status and reason."""
    headers: tuple[tuple[str, str], ...]

    @classmethod
    async def read(cls, reader: asyncio.StreamReader) -> Self:
        """Read the next head.

        Raises:
            BadHeadError: there is none, or it is longer than a load balancer accepts.
        """
        try:
            data = await reader.readuntil(_END)
        except asyncio.IncompleteReadError as error:
            raise BadHeadError("the connection ended before the end of the headers") from error
        except asyncio.LimitOverrunError as error:
            raise BadHeadError(f"the headers are longer than {LONGEST_HEAD} bytes") from error
        lines = data.removesuffix(_END).decode("latin-1").split("\r\n")
        if any(len(line) > LONGEST_LINE for line in lines):
            raise BadHeadError(f"a header is longer than {LONGEST_LINE} bytes")
        first, second, third = [*lines[0].split(" ", 2), "", ""][:3]
        pairs = [line.partition(":") for line in lines[1:]]
        if not second or any(not colon or name.strip() != name or not name for name, colon, _ in pairs):
            raise BadHeadError("this is not HTTP/1.1")
        return cls((first, second, third), tuple((name, value.strip()) for name, _, value in pairs))

    @property
    def method(self) -> str:
        """The method of a request."""
        return self.line[0]

    @property
    def target(self) -> str:
        """Path and query of a request."""
        return self.line[1]

    @property
    def accepts_html(self) -> bool:
        """Whether a browser sends this request."""
        return "text/html" in self.get("Accept")

    def get_all(self, name: str) -> list[str]:
        """Return the values of every header with this name."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name: str, default: str = "") -> str:
        """Return the value of the first header with this name."""
        return next(iter(self.get_all(name)), default)

    def forwarded(self, **changed: str) -> Head:
        """Return the head for the next hop, whose connection carries one message.

        Args:
            changed: headers to replace or add; underscores stand for hyphens.
        """
        connection = {
            word.strip().lower() for value in self.get_all("Connection") for word in value.split(",")
        }
        new = {"Connection": "Upgrade" if "upgrade" in connection else "close"}
        new |= {name.replace("_", "-"): value for name, value in changed.items()}
        dropped = (_HOP_BY_HOP | connection | {name.lower() for name in new}) - {"upgrade"}
        kept = (pair for pair in self.headers if pair[0].lower() not in dropped)
        return Head(self.line, (*kept, *new.items()))

    def __bytes__(self) -> bytes:
        lines = (" ".join(self.line).rstrip(), *(f"{name}: {value}" for name, value in self.headers))
        return "\r\n".join((*lines, "", "")).encode("latin-1")
