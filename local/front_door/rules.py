"""Rules of a load balancer's listener: which one takes a request, and what path its target gets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self, cast
from urllib.parse import unquote

HOST_HEADER: Final = "host-header"
PATH_PATTERN: Final = "path-pattern"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A listener rule, or a listener's default actions."""

    arn: str
    priority: str
    """A number, the lowest first, or `default`."""
    conditions: tuple[Any, ...]
    """As DescribeRules gives them; the default rule has none, so that it takes every request."""
    actions: tuple[Any, ...]
    pattern: re.Pattern[str] | None
    """What of the path is replaced, by `replacement`."""
    replacement: str

    @classmethod
    def of(cls, rule: Any) -> Self:
        """Return a rule that DescribeRules gives."""
        pattern, replacement = _rewrite(rule)
        return cls(
            arn=rule["RuleArn"],
            priority=str(rule["Priority"]),
            conditions=tuple(rule["Conditions"]),
            actions=tuple(rule["Actions"]),
            pattern=pattern,
            replacement=replacement,
        )

    def takes(self, host: str, target: str) -> bool:
        """Whether all its conditions hold for a request of path and query `target`."""
        return not self.unmet(host, target)

    def unmet(self, host: str, target: str) -> tuple[Any, ...]:
        """Return the conditions that do not hold."""
        return tuple(condition for condition in self.conditions if not _holds(condition, host, target))

    def names(self, host: str) -> bool:
        """Whether a condition asks for this host."""
        return any(
            condition["Field"] == HOST_HEADER and _fits_any(host, values(condition))
            for condition in self.conditions
        )

    def rewrite(self, target: str) -> str:
        """Return path and query that the target gets."""
        path, mark, query = target.partition("?")
        if self.pattern is not None:
            path = self.pattern.sub(self.replacement, path, count=1)
        return f"{path}{mark}{query}"


def in_order(rules: Iterable[Any]) -> tuple[Rule, ...]:
    """Return rules that DescribeRules gives in the order in which a load balancer tries them."""

    def place(rule: Any) -> tuple[bool, int]:
        return (True, 0) if rule["IsDefault"] else (False, int(rule["Priority"]))

    return tuple(Rule.of(rule) for rule in sorted(rules, key=place))


def _rewrite(rule: Any) -> tuple[re.Pattern[str] | None, str]:
    for transform in rule.get("Transforms", ()):
        if transform["Type"] == "url-rewrite":
            rewrite = transform["UrlRewriteConfig"]["Rewrites"][0]
            # AWS writes a group as $1, Python as \g<1>.
            replacement = re.sub(r"\$(\d)", r"\\g<\1>", rewrite["Replace"].replace("\\", r"\\"))
            return re.compile(rewrite["Regex"]), replacement
    return None, ""


# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
def _holds(condition: Any, host: str, target: str) -> bool:
    if condition["Field"] == HOST_HEADER:
        return _fits_any(host, values(condition))
    # The local provider knows of one other kind, `path-pattern`.
    path = target.partition("?")[0]
    return _fits_any(unquote(path), values(condition), case=True)


def values(condition: Any) -> list[str]:
    """Return a condition's values, which stand in a list of their own or in the block for its kind."""
    blocks = (cast("Any", block) for block in condition.values() if isinstance(block, dict))
    return next(blocks, condition).get("Values", [])


def _fits_any(value: str, patterns: Iterable[str], *, case: bool = False) -> bool:
    return any(_fits(value, pattern, case=case) for pattern in patterns)


def _fits(value: str, pattern: str, *, case: bool = False) -> bool:
    regex = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(regex, value, re.DOTALL | (0 if case else re.IGNORECASE)) is not None
