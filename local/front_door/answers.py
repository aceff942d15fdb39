"""What the front door answers itself: a sentence and the hosts that it knows, as text or a page."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from http.client import responses
from typing import Final
from urllib.parse import urlsplit

from local.front_door.heads import Head


def answer(
    request: Head | None,
    status: int,
    sentence: str,
    urls: Mapping[str, Sequence[str]] | None = None,
    *,
    page: str = "",
) -> bytes:
    """Return a whole response in the form that the client accepts.

    Args:
        request: what is answered, if it could be read.
        status: status code.
        sentence: what it says.
        urls: addresses to offer, by stack.
        page: address of the page that shows the stacks, for a browser.
    """
    urls = urls or {}
    accept = request.first("Accept") if request is not None else ""
    if "text/html" in accept:
        groups = "".join(_group(stack, addresses) for stack, addresses in urls.items())
        more = f' · <a href="{html.escape(page)}">What runs, and which rules there are</a>' if page else ""
        values = {"status": status, "sentence": html.escape(sentence), "groups": groups, "more": more}
        kind, body = "text/html", _PAGE.format(**values)
    else:
        lines = [line for stack, addresses in urls.items() for line in (f"{stack}:", *addresses)]
        kind, body = "text/plain", "\n".join([sentence, *lines, ""])
    headers = {
        "Content-Type": f"{kind}; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return response(request, status, body, headers)


def response(request: Head | None, status: int, body: str, headers: Mapping[str, str]) -> bytes:
    """Return a whole response, without its body for a HEAD request."""
    # JSON that an app logs may hold half a character.
    content = body.encode(errors="replace")
    framing = {"Content-Length": str(len(content)), "Connection": "close"}
    line = ("HTTP/1.1", str(status), responses.get(status, ""))
    head = bytes(Head(line, tuple({**headers, **framing}.items())))
    return head if request is not None and request.line[0] == "HEAD" else head + content


def _group(stack: str, urls: Sequence[str]) -> str:
    links = "".join(
        f'<li><a href="{html.escape(url)}">{html.escape(urlsplit(url).netloc)}</a>' for url in urls
    )
    return f"<h2>{html.escape(stack)}</h2><ul>{links}</ul>"


_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{sentence}</title>
<style>
  :root {{ color-scheme: light dark }}
  body {{ font: 1.05rem/1.6 system-ui, sans-serif; max-width: 42rem; margin: 10vh auto; padding: 0 1.25rem;
         overflow-wrap: anywhere }}
  h1 {{ font-size: 1.4rem; line-height: 1.3 }}
  h2 {{ font-size: 1rem; margin: 1.5rem 0 0 }}
  ul {{ list-style: none; margin: 0; padding: 0 }}
  footer {{ margin-top: 2rem; opacity: .7 }}
</style>
<h1>{sentence}</h1>
{groups}
<footer><a href="">Reload</a>{more} · local front door, status {status}</footer>
</html>
"""
