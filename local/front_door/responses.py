"""HTTP responses of the front door itself."""

from __future__ import annotations

import html
from collections.abc import Mapping
from http.client import responses
from typing import Final

from local.front_door.heads import Head


def message(request: Head | None, status: int, sentence: str, page: str = "") -> bytes:
    """Return a sentence as HTML to a browser, as text to other clients; `page` is a link to add."""
    if request is not None and request.accepts_html:
        link = f' · <a href="{html.escape(page)}">Local stacks and their addresses</a>' if page else ""
        kind, body = "text/html", _HTML.format(sentence=html.escape(sentence), link=link, status=status)
    else:
        more = f"{page} lists the local stacks and their addresses\n" if page else ""
        kind, body = "text/plain", f"{sentence}\n{more}"
    headers = {
        "Content-Type": f"{kind}; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return response(request, status, body, headers)


def response(request: Head | None, status: int, body: str, headers: Mapping[str, str]) -> bytes:
    """Return a complete response, without its body for a HEAD request."""
    # JSON that an app logs may contain half a surrogate pair.
    content = body.encode(errors="replace")
    framing = {"Content-Length": str(len(content)), "Connection": "close"}
    line = ("HTTP/1.1", str(status), responses.get(status, ""))
    head = bytes(Head(line, tuple({**headers, **framing}.items())))
    return head if request is not None and request.method == "HEAD" else head + content


_HTML: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{sentence}</title>
<style>
  :root {{ color-scheme: light dark }}
  body {{ font: 1.05rem/1.6 system-ui, sans-serif; max-width: 42rem; margin: 10vh auto; padding: 0 1.25rem;
         overflow-wrap: anywhere }}
  h1 {{ font-size: 1.4rem; line-height: 1.3 }}
  footer {{ margin-top: 2rem; opacity: .7 }}
</style>
<h1>{sentence}</h1>
<footer><a href="">Reload</a>{link} · local front door, status {status}</footer>
</html>
"""
