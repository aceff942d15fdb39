"""The text of stack files with comments, for users who continue by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any, Final, cast

import yaml

from automation import go_yaml

Path = tuple[str, ...]
Comments = Mapping[Path, str]
"""Comments by the path of the key below them."""

SCHEMA_LINE: Final = "# yaml-language-server: $schema=docs/pulumi-stack.schema.json"
_WIDTH: Final = 118
_INDENT: Final = "  "
_NEVER_FOLDED: Final = 2**31


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
        name = _flow(key)
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
    text = yaml.dump(
        value,
        Dumper=_OneLineDumper,
        default_flow_style=True,
        allow_unicode=True,
        width=_NEVER_FOLDED,
        sort_keys=False,
    )
    return text.removesuffix("\n").removesuffix("\n...")


class _OneLineDumper(go_yaml.Dumper):
    def ignore_aliases(self, data: object) -> bool:
        del data
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """Return a text in quotes with escapes, if it would take several lines without."""
        style = None if text.isprintable() else '"'
        return yaml.ScalarNode("tag:yaml.org,2002:str", text, style=style)


_UNTYPED: Final[Any] = _OneLineDumper
_UNTYPED.add_representer(str, _UNTYPED.represent_text)
