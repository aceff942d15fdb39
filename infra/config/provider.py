"""Rules for the account, the region and the tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from infra.config.record import Record
from infra.settings import ProviderSettings

if TYPE_CHECKING:
    from collections.abc import Mapping


_REGION: Final = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-\d")
_PROFILE: Final = re.compile(r"[\w.@+/:=-]+", re.ASCII)
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)

_POLICY: Final = re.compile(r"arn:aws[a-z-]*:iam::(?:\d{12}|aws):policy/[\w+=,.@/-]+", re.ASCII)

# https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html#id_tags_naming_best_practices
_TAG_TEXT: Final = r"[\w .:/=+@-]"
_TAG_KEY: Final = re.compile(rf"(?!aws:){_TAG_TEXT}{{1,128}}", re.IGNORECASE)
_TAG_VALUE: Final = re.compile(rf"{_TAG_TEXT}{{0,256}}")
# A resource has 50 tags: three are the program's, and awsx gives subnets a Name and a SubnetType.
_MOST_TAGS: Final = 50 - 5

# The program makes its own provider, which sees none of these; one that is set would do nothing in silence.
_PASSED_OVER: Final = {
    "aws:profile": "use `profile`",
    "aws:assumeRole": "use `assume-role-arn`",
    "aws:assumeRoles": "use `assume-role-arn`",
    "aws:defaultTags": "use `tags`",
    "aws:allowedAccountIds": "remove it",
    "aws:forbiddenAccountIds": "remove it",
}


def read_provider(
    config: Record,
    others: Mapping[str, object],
    *,
    project: str,
    stack: str,
) -> ProviderSettings:
    """Read where the stack goes.

    Args:
        config: the project's own keys.
        others: the keys of other namespaces, with their prefix.
        project: becomes a tag.
        stack: becomes a tag.
    """
    for key, instead in _PASSED_OVER.items():
        if key in others:
            config.faults.add(
                key, others[key], f"of Pulumi's own AWS keys only aws:region counts here; {instead}"
            )
    region = Record(others, faults=config.faults).text(
        "aws:region",
        allowed="an AWS region such as us-east-1",
        pattern=_REGION,
    )
    return ProviderSettings(
        region=region,
        profile=config.optional_text(
            "profile",
            allowed="the name of an AWS profile: letters, digits and _ . @ + / : = -, no spaces",
            pattern=_PROFILE,
        ),
        assume_role_arn=config.optional_text(
            "assume-role-arn",
            allowed="the ARN of an IAM role, such as arn:aws:iam::123456789012:role/deploy",
            pattern=_ROLE,
        ),
        permissions_boundary=config.optional_text(
            "permissions-boundary",
            allowed="the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/boundary",
            pattern=_POLICY,
        ),
        tags=_read_tags(config, {"Project": project, "Stack": stack, "ManagedBy": "pulumi"}),
    )


def _read_tags(config: Record, fixed: dict[str, str]) -> dict[str, str]:
    tags = config.strings(
        "tags",
        pattern=_TAG_KEY,
        named="1 to 128 letters, digits, spaces and _ . : / = + - @, and not begin with aws:",
    )
    if len(tags) > _MOST_TAGS:
        config.faults.add(
            "tags",
            f"{len(tags)} tags",
            f"at most {_MOST_TAGS}: AWS allows 50 on a resource, five are taken",
        )
    # IAM takes `Owner` and `owner` for the same tag and refuses both together.
    taken = {name.lower(): f"{name} is set by the program" for name in fixed}
    for name, value in tags.items():
        where = f"tags.{name}"
        if not _TAG_VALUE.fullmatch(value):
            config.faults.add(where, value, "at most 256 letters, digits, spaces and _ . : / = + - @")
        if name.lower() in taken:
            config.faults.add(
                where, value, f"another name; {taken[name.lower()]}, and IAM does not tell case apart"
            )
        taken.setdefault(name.lower(), f"{name} is there already")
    return {**fixed, **tags}
