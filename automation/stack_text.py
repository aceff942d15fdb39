"""The text of stack files with comments, for users who continue by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any, Final, cast

from automation import go_yaml

Path = tuple[str, ...]
Comments = Mapping[Path, str]
"""Comments by the path of the key below them."""

SCHEMA_LINE: Final = "# yaml-language-server: $schema=docs/pulumi-stack.schema.json"
_WIDTH: Final = 118
_INDENT: Final = "  "
# Other characters may end a scalar between brackets: Go refuses `ok?0:1` there.
_SAFE: Final = re.compile(r"[\w./+=-]+(?: [\w./+=-]+)*")


def stack_text(
    project: str, config: Mapping[str, Any], *, head: Sequence[str] = (), comments: Comments | None = None
) -> str:
    """Return a stack file.

    Args:
        project: the namespace of keys without one.
        config: values by key.
        head: paragraphs at the top.
        comments: comments by key.
    """
    named = {key if ":" in key else f"{project}:{key}": value for key, value in config.items()}
    named_comments = {
        (path[0] if ":" in path[0] else f"{project}:{path[0]}", *path[1:]): text
        for path, text in (comments or {}).items()
    }
    lines = [SCHEMA_LINE, *(line for paragraph in head for line in comment_lines(paragraph))]
    lines += ["config:" if named else "config: {}", *_lines(named, named_comments, (), _INDENT)]
    return "\n".join(lines) + "\n"


def comment_lines(text: str, indent: str = "") -> Iterator[str]:
    """Yield the lines of a paragraph as comments."""
    # Further lines of a list item are indented below its text.
    hang = " " * (len(text) - len(text.lstrip(" -")))
    width = _WIDTH - len(indent) - 2
    for line in wrap(text, width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False):
        yield f"{indent}# {line}"


def _lines(values: Mapping[str, Any], comments: Comments, before: Path, indent: str) -> Iterator[str]:
    for key, value in values.items():
        path = (*before, key)
        if path in comments:
            yield from comment_lines(comments[path], indent)
        name = _scalar(key)
        if isinstance(value, dict) and value:
            yield f"{indent}{name}:"
            yield from _lines(cast("dict[str, Any]", value), comments, path, indent + _INDENT)
        elif isinstance(value, list) and value and not _fits(cast("list[Any]", value), indent, name):
            yield f"{indent}{name}:"
            for item in cast("list[Any]", value):
                yield f"{indent}{_INDENT}- {_flow(item)}"
        else:
            yield f"{indent}{name}: {_flow(cast('object', value))}"


def _fits(items: list[Any], indent: str, name: str) -> bool:
    one_line = f"{indent}{name}: {_flow(items)}"
    return len(one_line) <= _WIDTH and not any(isinstance(item, dict | list) for item in items)


def _flow(value: object) -> str:
    """Return a value in one line."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        inner = ", ".join(
            f"{_in_flow(key)}: {_in_flow(item)}" for key, item in cast("dict[str, object]", value).items()
        )
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(_in_flow(item) for item in cast('list[object]', value))}]"
    return _scalar(value)


def _in_flow(value: object) -> str:
    """Return an item of a list or object in one line, in quotes if it might end early there."""
    text = _flow(value)
    is_plain = isinstance(value, str) and text == value
    return json.dumps(value, ensure_ascii=False) if is_plain and not _SAFE.fullmatch(text) else text


def _scalar(value: object) -> str:
    """Return a scalar in one line."""
    if isinstance(value, str) and ("\n" in value or "\t" in value or not value.isprintable()):
        return json.dumps(value)
    text = go_yaml.text_of(value).removesuffix("\n").removesuffix("\n...")
    return json.dumps(value, ensure_ascii=False) if "\n" in text else text
