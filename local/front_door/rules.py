"""Listener rules: which one applies to a request, and the path that its target gets."""

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

    priority: str
    """A number, the lowest first, or `default`."""
    conditions: tuple[Any, ...]
    """As DescribeRules returns them; the default rule has none, so it applies to every request."""
    actions: tuple[Any, ...]
    pattern: re.Pattern[str] | None
    """The part of the path that `replacement` replaces."""
    replacement: str

    @classmethod
    def of(cls, rule: Any) -> Self:
        """Return a rule from a member of DescribeRules's response."""
        pattern, replacement = _rewrite(rule)
        return cls(
            priority=str(rule["Priority"]),
            conditions=tuple(rule["Conditions"]),
            actions=tuple(rule["Actions"]),
            pattern=pattern,
            replacement=replacement,
        )

    def unmet(self, host: str, target: str) -> tuple[Any, ...]:
        """Return the conditions that a request for path and query `target` does not meet."""
        return tuple(condition for condition in self.conditions if not _is_met(condition, host, target))

    def names(self, host: str) -> bool:
        """Whether a condition requires this host."""
        return any(
            condition["Field"] == HOST_HEADER and _matches_any(host, values(condition))
            for condition in self.conditions
        )

    def rewrite(self, target: str) -> str:
        """Return the path and query that the target gets."""
        path, mark, query = target.partition("?")
        if self.pattern is not None:
            path = self.pattern.sub(self.replacement, path, count=1)
        return f"{path}{mark}{query}"


def in_order(rules: Iterable[Any]) -> tuple[Rule, ...]:
    """Return the rules of DescribeRules's response in the order in which a load balancer evaluates them."""
    by_priority = sorted(
        rules, key=lambda rule: (rule["IsDefault"], 0 if rule["IsDefault"] else int(rule["Priority"]))
    )
    return tuple(map(Rule.of, by_priority))


def values(condition: Any) -> list[str]:
    """Return a condition's values, which are in its own list or in the block of its kind."""
    blocks = (cast("Any", block) for block in condition.values() if isinstance(block, dict))
    return next(blocks, condition).get("Values", [])


def _rewrite(rule: Any) -> tuple[re.Pattern[str] | None, str]:
    for transform in rule.get("Transforms", ()):
        if transform["Type"] == "url-rewrite":
            rewrite = transform["UrlRewriteConfig"]["Rewrites"][0]
            # AWS writes a group as $1, Python as \g<1>.
            replacement = re.sub(r"\$(\d)", r"\\g<\1>", rewrite["Replace"].replace("\\", r"\\"))
            return re.compile(rewrite["Regex"]), replacement
    return None, ""


# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
def _is_met(condition: Any, host: str, target: str) -> bool:
    if condition["Field"] == HOST_HEADER:
        return _matches_any(host, values(condition))
    # The local provider accepts one other kind, `path-pattern`, which is case-sensitive.
    return _matches_any(unquote(target.partition("?")[0]), values(condition), flags=re.NOFLAG)


def _matches_any(value: str, patterns: Iterable[str], *, flags: re.RegexFlag = re.IGNORECASE) -> bool:
    regexes = (re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".") for pattern in patterns)
    return any(re.fullmatch(regex, value, re.DOTALL | flags) for regex in regexes)
