"""The account, the region and the tags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationInfo

from infra.settings.faults import Fault, check
from infra.settings.model import AsText, Model, Pattern, Stack

# https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html#id_tags_naming_best_practices
_TAG_TEXT: Final = r"[\w .:/=+@-]"
_TAG_FORM: Final = "letters, digits, spaces and _ . : / = + - @"
_TagName = Annotated[
    str,
    Pattern(
        f"1 to 128 {_TAG_FORM}, and not begin with aws:", rf"(?!aws:){_TAG_TEXT}{{1,128}}", re.IGNORECASE
    ),
]
_TagValue = Annotated[
    str, AsText(), Pattern(f"at most 256 {_TAG_FORM}", rf"{_TAG_TEXT}{{0,256}}", re.UNICODE)
]
# A resource has 50 tags: three are the program's, and awsx gives subnets a Name and a SubnetType.
_MOST_TAGS: Final = 50 - 5

_Profile = Annotated[
    str,
    Pattern("the name of an AWS profile: letters, digits and _ . @ + / : = -, no spaces", r"[\w.@+/:=-]+"),
]

_Role = Annotated[
    str,
    Pattern(
        "the ARN of an IAM role, such as arn:aws:iam::123456789012:role/deploy",
        r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+",
    ),
]

_Policy = Annotated[
    str,
    Pattern(
        "the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/boundary",
        r"arn:aws[a-z-]*:iam::(?:\d{12}|aws):policy/[\w+=,.@/-]+",
    ),
]


def _add_fixed_tags(tags: dict[str, str], info: ValidationInfo) -> dict[str, str]:
    stack: Stack | None = info.context
    fixed = {"Project": stack.project, "Stack": stack.name, "ManagedBy": "pulumi"} if stack else {}
    check(_equal_but_for_case(fixed, tags))
    return {**fixed, **tags}


def _equal_but_for_case(fixed: dict[str, str], tags: dict[str, str]) -> Iterator[Fault]:
    """Yield names that differ only by case: to IAM `Owner` and `owner` are one tag, given twice."""
    used = {name.lower(): f"{name} is set by the program" for name in fixed}
    for name, value in tags.items():
        if name.lower() in used:
            other = f"another name; {used[name.lower()]}, and IAM ignores case"
            yield Fault((name,), other, value)
        used.setdefault(name.lower(), f"{name} is there already")


class ProviderSettings(Model):
    """Account, region and tags of every resource."""

    region: Annotated[str, Pattern("an AWS region such as us-east-1", r"[a-z]{2,}(?:-[a-z]+)+-\d")] = Field(
        default="us-east-1", alias="aws:region"
    )
    """AWS region; Pulumi's own key."""
    profile: _Profile | None = None
    """AWS profile to use; empty means the environment's own credentials."""
    assume_role_arn: _Role | None = None
    """IAM role to assume first, for a stack in another account."""
    permissions_boundary: _Policy | None = None
    """ARN of the IAM policy that limits every role of the stack; empty for none."""
    tags: Annotated[
        dict[_TagName, _TagValue],
        Field(max_length=_MOST_TAGS),
        AfterValidator(_add_fixed_tags),
    ] = Field(default_factory=dict, validate_default=True)
    """Tags for every resource, in addition to Project, Stack and ManagedBy."""
