"""YAML by the rules of Go's yaml.v3, which are the Pulumi CLI's.

PyYAML follows YAML 1.1: to it `yes`, `on` and `12:30:00` are true, true and 45000, to the CLI they are texts;
to it `0o17` and `08901` are texts, to the CLI they are 15 and 8901.
https://github.com/go-yaml/yaml/blob/v3.0.1/resolve.go
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.constructor import ConstructorError

from automation.errors import AutomationError

Scalar = str | int | float | bool | datetime | None

_TAG: Final = "tag:yaml.org,2002:"
_NAMES: Final[dict[type, str]] = {
    type(None): "null",
    bool: "bool",
    int: "int",
    float: "float",
    datetime: "timestamp",
    str: "str",
}
_MERGE: Final = "<<"
_CONSTANTS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_NUMERIC_START: Final = frozenset("+-.0123456789")
_OCTAL: Final = re.compile(r"[-+]?0[0-7]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DATE: Final = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_TIMES: Final = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dt%H:%M:%S%z")
_INTEGERS: Final = range(-(2**63), 2**64)
"""Go reads integers beyond as floating-point numbers."""
_NO_EXPONENT_BELOW: Final = 1e21
_NEVER_FOLDED: Final = 2**31
_DEEPEST: Final = 100
_LARGEST: Final = 100_000
"""Number of values in a file; those of an anchor count for each alias."""


def read(path: Path) -> Any:
    """Return the content of a file, in the types of JSON.

    Raises:
        AutomationError: it cannot be read, is not UTF-8 or not valid YAML, or has a key twice, an unknown tag
            or a number that is not finite.
    """
    return _load(path, _Loader)


def _load(path: Path, loader: type[yaml.SafeLoader]) -> Any:
    try:
        # The stubs do not say what is in a node.
        yaml_loader: Any = loader(path.read_text(encoding="utf-8"))
        try:
            node = yaml_loader.get_single_node()
            _require_finite(node)
            return yaml_loader.construct_document(node) if node is not None else None
        finally:
            yaml_loader.dispose()
    except OSError as error:
        raise AutomationError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise AutomationError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    except ValueError as error:
        raise AutomationError(f"{str(path)!r} cannot be read: {error}") from error
    except RecursionError as error:
        raise AutomationError(f"{path} is nested too deeply") from error
    except yaml.MarkedYAMLError as error:
        problem = " ".join(filter(None, (error.context, error.problem)))
        mark = error.problem_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise AutomationError(f"{path} is not valid YAML: {problem}{place}") from error
    except yaml.YAMLError as error:
        raise AutomationError(f"{path} is not valid YAML: {error}") from error


def _require_finite(document: yaml.Node | None) -> None:
    """Raise an error for recursive aliases, aliases that multiply, and deep nesting, as yaml.v3 does.

    https://github.com/go-yaml/yaml/blob/v3.0.1/decode.go
    """
    sizes: dict[int, int | None] = {}

    def size(node: yaml.Node, depth: int) -> int:
        if isinstance(node, yaml.ScalarNode):
            return 1
        if depth > _DEEPEST:
            raise ConstructorError(None, None, f"it has more than {_DEEPEST} levels", node.start_mark)
        known = sizes.get(id(node), 0)
        if known is None:
            raise ConstructorError(None, None, "an anchor contains itself", node.start_mark)
        if not known:
            sizes[id(node)] = None
            children: list[Any] = node.value
            if isinstance(node, yaml.MappingNode):
                children = [child for pair in children for child in pair]
            known = sizes[id(node)] = 1 + sum(size(child, depth + 1) for child in children)
        if known > _LARGEST:
            raise ConstructorError(
                None, None, f"its aliases stand for over {_LARGEST:,} values", node.start_mark
            )
        return known

    if document is not None:
        size(document, 0)


class Plain(str):
    """The text of a scalar without quotes; in Go its type depends on the field that it is read into."""

    __slots__ = ()


def read_plain(path: Path) -> Any:
    """Return the content of a file, with every scalar as text, `Plain` for those without quotes.

    Raises:
        AutomationError: as `read`.
    """
    return _load(path, _PlainLoader)


def value_of(text: object) -> Any:
    """Convert a value of `read_plain` to the value of `read`."""
    if not isinstance(text, Plain):
        return text
    value = scalar(str(text))
    if isinstance(value, float) and value.is_integer() and abs(value) < _NO_EXPONENT_BELOW:
        return int(value)
    return str(text) if isinstance(value, datetime) else value


def text_of(value: object) -> str:
    """Return a value as YAML for the CLI."""
    return yaml.dump(value, Dumper=Dumper, allow_unicode=True, width=_NEVER_FOLDED, sort_keys=False)


def scalar(text: str) -> Scalar:
    """Return the value of a scalar without quotes and tag."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMERIC_START or not text.isascii():
        return text
    if _DATE.match(text) and (time := _time(text)):
        return time
    digits = text.replace("_", "")
    try:
        number = int(digits, 8 if _OCTAL.fullmatch(digits) else 0)
        return number if number in _INTEGERS else float(number)
    except OverflowError:
        return text
    except ValueError:
        is_float = _FLOAT.fullmatch(text if text[0] == "." else digits)
        number = float(digits) if is_float else math.inf
        return number if math.isfinite(number) else text


def _time(text: str) -> datetime | None:
    for form in _TIMES:
        try:
            time = datetime.strptime(text, form)  # noqa: DTZ007 -- UTC where no time zone is named
        except ValueError:
            continue
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    return None


class _Rules:
    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        """Return the tag of a node without one; PyYAML calls this to read and to write."""
        if kind is not yaml.ScalarNode:
            return f"{_TAG}{'seq' if kind is yaml.SequenceNode else 'map'}"
        if not implicit[0]:
            return f"{_TAG}str"
        return f"{_TAG}merge" if value == _MERGE else f"{_TAG}{_NAMES[type(scalar(value))]}"


# Ten times as fast; in PyYAML's wheels, but not in every build.
_FastLoader: Final[type[yaml.SafeLoader]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Rules, _FastLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 -- PyYAML's signature
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ConstructorError(None, None, f"the key {twice!r} is there twice", node.start_mark)
        return {_key(key): item for key, item in super().construct_mapping(node, deep).items()}

    def construct_plain(self, node: yaml.ScalarNode) -> Any:
        """Return the value of a scalar that is not text."""
        value = scalar(node.value)
        if isinstance(value, datetime):
            zone = "UTC" if value.tzinfo is UTC else f"{value:%z}"
            return f"{value:%Y-%m-%d %H:%M:%S %z} {zone}"
        if not isinstance(value, float):
            return value
        if not math.isfinite(value):
            raise ConstructorError(None, None, f"{node.value} is not a finite number", node.start_mark)
        return int(value) if value.is_integer() and abs(value) < _NO_EXPONENT_BELOW else value


class _PlainLoader(_Loader):
    def construct_plain(self, node: yaml.ScalarNode) -> Any:
        """Return the text of a scalar that would not be text for Go."""
        return None if scalar(node.value) is None else Plain(node.value)

    def construct_text(self, node: yaml.ScalarNode) -> str:
        """Return a text, with or without quotes."""
        return str(node.value) if node.style else Plain(node.value)

    def construct_tagged(self, node: yaml.Node) -> Any:
        """Return the value behind an unknown tag; None behind Compose's `!reset`."""
        if node.tag == "!reset":
            return None
        if isinstance(node, yaml.MappingNode):
            return self.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return self.construct_sequence(node, deep=True)
        return str(node.value)


class Dumper(_Rules, yaml.SafeDumper):
    """Writes values that the CLI reads as they are."""


# The stubs do not type these methods.
_UNTYPED: Final[Any] = _Loader
for _name in ("null", "bool", "int", "float", "timestamp"):
    _UNTYPED.add_constructor(f"{_TAG}{_name}", _UNTYPED.construct_plain)
_UNTYPED.add_constructor(f"{_TAG}merge", _UNTYPED.construct_scalar)
for _name in ("binary", "set", "omap", "pairs"):
    _UNTYPED.add_constructor(f"{_TAG}{_name}", _UNTYPED.construct_undefined)
_PLAIN: Final[Any] = _PlainLoader
for _name in ("null", "bool", "int", "float", "timestamp"):
    _PLAIN.add_constructor(f"{_TAG}{_name}", _PLAIN.construct_plain)
_PLAIN.add_constructor(f"{_TAG}str", _PLAIN.construct_text)
for _name in (None, f"{_TAG}set", f"{_TAG}omap", f"{_TAG}pairs"):
    _PLAIN.add_constructor(_name, _PLAIN.construct_tagged)


def _key(key: object) -> str:
    if isinstance(key, bool):
        return str(key).lower()
    return "<nil>" if key is None else str(key)
