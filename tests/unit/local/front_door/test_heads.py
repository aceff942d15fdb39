"""Heads of HTTP messages: read, rejected when invalid, and changed for the next hop."""

from __future__ import annotations

import asyncio

import pytest

from local.front_door.heads import LONGEST_HEAD, BadHeadError, Head


def read(data: bytes) -> Head:
    async def run() -> Head:
        reader = asyncio.StreamReader(limit=LONGEST_HEAD)
        reader.feed_data(data)
        reader.feed_eof()
        return await Head.read(reader)

    return asyncio.run(run())


def test_a_head_is_written_as_it_was_read() -> None:
    data = b"GET /a%2Fb?c HTTP/1.1\r\nHost: a\r\nX-Two: 1\r\nX-Two: \xe9\r\n\r\n"

    head = read(data)

    assert bytes(head) == data
    assert (head.get("host"), head.get_all("x-two")) == ("a", ["1", "\xe9"])


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "ended before the end of the headers"),
        (b"GET / HTTP/1.1\r\nHost", "ended before the end of the headers"),
        (b"hello\r\n\r\n", "not HTTP/1.1"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", "not HTTP/1.1"),
        (b"GET / HTTP/1.1\r\nA : b\r\n\r\n", "not HTTP/1.1"),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", "not HTTP/1.1"),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 20_000 + b"\r\n\r\n", "a header is longer than 16384 bytes"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", "the headers are longer than 65536 bytes"),
    ],
)
def test_an_invalid_head_is_rejected_with_the_reason(data: bytes, error: str) -> None:
    with pytest.raises(BadHeadError, match=error):
        read(data)


def test_hop_by_hop_headers_are_not_forwarded() -> None:
    head = read(b"GET / HTTP/1.1\r\nConnection: keep-alive, X-Secret\r\nX-Secret: 1\r\nTE: x\r\nA: b\r\n\r\n")

    assert head.forwarded().headers == (("A", "b"), ("Connection", "close"))


def test_a_changed_header_replaces_all_of_its_name() -> None:
    head = read(b"GET / HTTP/1.1\r\nX-Forwarded-For: a\r\nx-forwarded-for: b\r\n\r\n")

    assert head.forwarded(X_Forwarded_For="c").get_all("x-forwarded-for") == ["c"]


def test_an_upgrade_is_forwarded() -> None:
    head = read(b"GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n")

    assert head.forwarded().headers == (("Upgrade", "websocket"), ("Connection", "Upgrade"))
