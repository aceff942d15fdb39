"""The front door's own messages, in the form that a client accepts."""

from __future__ import annotations

from local.front_door import responses
from local.front_door.heads import Head

PAGE = "http://localhost:8080"


def body(accept: str, sentence: str = "No DNS record for x") -> str:
    request = Head(("GET", "/", "HTTP/1.1"), (("Accept", accept),))
    return responses.message(request, 404, sentence, PAGE).partition(b"\r\n\r\n")[2].decode()


def test_a_shell_gets_text() -> None:
    assert body("*/*").splitlines() == [
        "No DNS record for x",
        f"{PAGE} lists the local stacks and their addresses",
    ]


def test_a_browser_gets_a_page_with_a_link() -> None:
    text = body("text/html,*/*;q=0.8")

    assert "<h1>No DNS record for x</h1>" in text
    assert f'<a href="{PAGE}">Local stacks and their addresses</a>' in text


def test_messages_are_escaped() -> None:
    assert "<script>" not in body("text/html", "No DNS record for <script>")


def test_an_unreadable_request_is_answered_with_text() -> None:
    assert b"Content-Type: text/plain" in responses.message(None, 400, "Bad request")
