"""The front door's own answers, in the form that a client takes."""

from __future__ import annotations

from local.front_door import answers
from local.front_door.heads import Head

URLS = {"dev": ["http://dev.example.com.localhost:8080/"], "prod": ["http://www.example.com.localhost:8080/"]}


def body(accept: str, sentence: str = "No DNS record for x", urls: dict[str, list[str]] = URLS) -> str:
    request = Head(("GET", "/", "HTTP/1.1"), (("Accept", accept),))
    return answers.answer(request, 404, sentence, urls).partition(b"\r\n\r\n")[2].decode()


def test_a_shell_gets_the_sentence_first_and_then_each_stack_with_its_hosts() -> None:
    assert body("*/*").splitlines() == ["No DNS record for x", "dev:", *URLS["dev"], "prod:", *URLS["prod"]]


def test_a_browser_gets_links_under_the_name_of_their_stack() -> None:
    text = body("text/html,*/*;q=0.8")

    dev, prod = text.index("<h2>dev</h2>"), text.index("<h2>prod</h2>")
    assert dev < text.index('<a href="http://dev.example.com.localhost:8080/">') < prod
    assert prod < text.index('<a href="http://www.example.com.localhost:8080/">')
    assert ">Reload</a>" in text


def test_what_a_client_calls_a_host_is_never_markup() -> None:
    assert "<script>" not in body(
        "text/html", "No DNS record for <script>", {"<script>": ["http://<script>/"]}
    )


def test_what_cannot_be_read_is_answered_as_text() -> None:
    assert b"Content-Type: text/plain" in answers.answer(None, 400, "Bad request")
