"""Heads of messages: read as they come, refused when they are none, passed on for one hop."""

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


def test_what_is_read_is_written_as_it_was() -> None:
    data = b"GET /a%2Fb?c HTTP/1.1\r\nHost: a\r\nX-Two: 1\r\nX-Two: \xe9\r\n\r\n"

    head = read(data)

    assert bytes(head) == data
    assert (head.first("host"), head.all("x-two")) == ("a", ["1", "\xe9"])


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "ended before the end of a head"),
        (b"GET / HTTP/1.1\r\nHost", "ended before the end of a head"),
        (b"hello\r\n\r\n", "not HTTP/1.1"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", "not HTTP/1.1"),
        (b"GET / HTTP/1.1\r\nA : b\r\n\r\n", "not HTTP/1.1"),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", "not HTTP/1.1"),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 20_000 + b"\r\n\r\n", "a header may have 16384 bytes"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", "headers may have 65536 bytes together"),
    ],
)
def test_what_is_no_head_is_refused_with_the_reason(data: bytes, fault: str) -> None:
    with pytest.raises(BadHeadError, match=fault):
        read(data)


def test_headers_of_the_connection_are_not_passed_on() -> None:
    head = read(b"GET / HTTP/1.1\r\nConnection: keep-alive, X-Secret\r\nX-Secret: 1\r\nTE: x\r\nA: b\r\n\r\n")

    assert head.passed_on().headers == (("A", "b"), ("Connection", "close"))


def test_a_changed_header_stands_in_place_of_all_that_there_were() -> None:
    head = read(b"GET / HTTP/1.1\r\nX-Forwarded-For: a\r\nx-forwarded-for: b\r\n\r\n")

    assert head.passed_on(X_Forwarded_For="c").all("x-forwarded-for") == ["c"]


def test_an_upgrade_is_passed_on_as_one() -> None:
    head = read(b"GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n")

    assert head.passed_on().headers == (("Upgrade", "websocket"), ("Connection", "Upgrade"))
