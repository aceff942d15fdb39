"""Names of hosts, services, stacks and images, and the listener rule priorities computed from names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Annotated, Final

from pydantic import Field

from infra.settings.faults import Fault
from infra.settings.model import Pattern, checked

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LABEL_FORM: Final = "lowercase letters, digits and hyphens, no hyphen at the edges"
DNS_LABEL: Final = Pattern(f"{_LABEL_FORM}, at most 63 characters", _LABEL)

_HOST: Final = rf"(?:{_LABEL}\.)+[a-z]{{2,63}}"

LONGEST_MAIN_NAME: Final = 16
# A target group's name has 32 characters, of which 8 are Pulumi's random suffix.
LONGEST_SERVICE_NAME: Final = 32 - 8

DnsLabel = Annotated[str, DNS_LABEL]
ServiceName = Annotated[
    str,
    Pattern(
        f"{_LABEL_FORM}, at most {LONGEST_MAIN_NAME} characters",
        rf"(?=.{{1,{LONGEST_MAIN_NAME}}}$){_LABEL}",
    ),
]
HostName = Annotated[
    str,
    # A load balancer's host condition accepts only letters after the last dot.
    Pattern(
        f"a host name such as dev.example.com: labels of {DNS_LABEL.description}, and after the last dot "
        "only letters",
        _HOST,
    ),
]
HostPattern = Annotated[
    str,
    # A certificate and a record accept a wildcard only in place of the whole first label.
    Pattern(
        "a host name such as www.example.com, or *.example.com for every name one label below; "
        "lowercase, and after the last dot only letters",
        rf"(?:\*\.)?{_HOST}",
    ),
]
PathPattern = Annotated[
    str,
    Pattern(
        "a path that begins with /, such as /api/*, with * for any text and ? for any character; at most 128 "
        "letters, digits and _-.$/~\"'@:+&*?",
        r"/[\w.$/~\"'@:+&*?-]{0,127}",
    ),
]
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#path-conditions"""
StackName = Annotated[
    str,
    Pattern(
        "the name of a stack, such as staging or organization/project/staging",
        r"(?:[\w.-]+/[\w.-]+/)?[\w.-]+",
    ),
]
# https://github.com/distribution/reference: host, path, tag, digest.
ImageReference = Annotated[
    str,
    Pattern(
        "a registry reference such as nginx:1.29 or registry.example.com/team/app@sha256:…",
        r"(?:(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::\d{1,5})?|[A-Za-z0-9-]+:\d{1,5}|localhost)/)?"
        r"[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?",
    ),
]

LAST_PRIORITY: Final = 50_000
"""Priority of the main service, which comes last: without a domain its rule matches everything."""

EXPLICIT_PRIORITIES: Final = range(1, 500)
"""For the key `priority`; never computed from a name, so that they can only collide with each other."""

PRIORITIES_OF_ATTACHED: Final = range(500, 1000)
"""For stacks that attach to this one; the stack itself never uses them."""


def first_to_last(priorities: range) -> str:
    """Return the bounds of a range in words, such as `1 to 499`."""
    return f"{priorities[0]} to {priorities[-1]}"


def _reserved(priority: int) -> Iterator[Fault]:
    if priority in PRIORITIES_OF_ATTACHED:
        reserved = f"{first_to_last(PRIORITIES_OF_ATTACHED)} are for stacks with `attach-to`"
        free = f"{first_to_last(EXPLICIT_PRIORITIES)}, which no service gets by its name"
        yield Fault((), f"{free}; {reserved}")


Priority = Annotated[int, Field(ge=1, le=LAST_PRIORITY), checked(_reserved)]
PriorityOrZero = Annotated[int, Field(ge=0, le=LAST_PRIORITY), checked(_reserved)]
"""0 stands for a priority computed from a name."""

LONGEST_CONDITION: Final = 128
"""Characters of a host or path in a condition of a listener rule.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
"""

_PRIORITIES_BY_NAME: Final = range(1000, LAST_PRIORITY)
_PULL_REQUEST: Final = re.compile(r"pr-(0|[1-9][0-9]{0,17})")


def copy_service_name(main: str, copy: str) -> str:
    """Return the name of a multidev copy's service."""
    return f"{main}-{copy}"


def priority_of(name: str) -> int:
    """Return the priority of a rule, computed from its name alone so that no other service changes it."""
    return _PRIORITIES_BY_NAME[_hash(name) % len(_PRIORITIES_BY_NAME)]


def priority_of_paths(name: str, paths: Sequence[str], *, before: int) -> int:
    """Return the priority of a rule by paths: the longer its shortest path, the earlier it is evaluated.

    The service's name distinguishes paths of the same length; `before` is the priority of the rule with all
    other paths of the same host.
    """
    literal = min(len(re.split("[*?]", path, maxsplit=1)[0]) for path in paths)
    share = (LONGEST_CONDITION - literal + _hash(name) % 1000 / 1000) / (LONGEST_CONDITION + 1)
    first = min(_PRIORITIES_BY_NAME[0], before - 1)
    return first + int((before - first) * share)


def priority_of_attached(stack: str) -> int:
    """Return the priority of an attached stack's rule; consecutive pull requests never collide."""
    pull_request = _PULL_REQUEST.fullmatch(stack)
    number = int(pull_request[1]) if pull_request else _hash(stack)
    return PRIORITIES_OF_ATTACHED[number % len(PRIORITIES_OF_ATTACHED)]


def _hash(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest())
