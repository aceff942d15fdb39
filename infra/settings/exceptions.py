"""Exceptions from the policy pack's controls, with reasons; no resource depends on them."""

from __future__ import annotations

from typing import Annotated

from infra.settings.model import Pattern

_Control = Annotated[
    str,
    Pattern(
        "a control of docs/security.md such as ECS.2, or a check of checkov such as CKV_AWS_338, alone or "
        "for one resource (ECR.2/app-cache)",
        r"(?:[A-Za-z0-9]+\.\d+|CKV2?_AWS_\d+)(?:/[A-Za-z0-9_.-]+)?",
    ),
]
_Reason = Annotated[
    str, Pattern("the reason, in 10 to 200 characters on one line", r"(?=.{10,200}$)\S[^\n]*\S")
]

Exceptions = dict[_Control, _Reason]
