"""Whether an account allows as many Fargate vCPUs as a stack may take, told before a deployment waits."""

from __future__ import annotations

from typing import Final

from automation.stacks.stacks import Stacks

VCPUS_OF_A_NEW_ACCOUNT: Final = 6.0
_CODES: Final = {"FARGATE": "L-3032A538", "FARGATE_SPOT": "L-36FBB829"}
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html"""


def vcpu_warning(stacks: Stacks, stack: str) -> str:
    """Return a warning if a stack may take more Fargate vCPUs than its account allows; else an empty text."""
    if stacks.is_local:
        return ""
    settings = stacks.settings(stack)
    most = settings.most_vcpus
    # What every account has needs no question, and no permission for one.
    if most <= VCPUS_OF_A_NEW_ACCOUNT:
        return ""
    from botocore.exceptions import BotoCoreError, ClientError

    lines = (line for one in settings.services for line in one.capacity_provider_strategy)
    codes = {_CODES[line.capacity_provider] for line in lines if line.is_fargate}
    try:
        quotas = stacks.clients(settings).client("service-quotas")
        answers = [quotas.get_service_quota(ServiceCode="fargate", QuotaCode=code) for code in codes]
    except (BotoCoreError, ClientError) as error:
        allowed = f"a new account allows {VCPUS_OF_A_NEW_ACCOUNT:g} (of this one it is not known: {error})"
    else:
        quota = sum(answer["Quota"]["Value"] for answer in answers)
        if most <= quota:
            return ""
        allowed = f"the account allows {quota:g}"
    return (
        f"warning: {stack} may take {most:g} Fargate vCPUs at once, at its most tasks in the middle of a "
        f"deployment, and {allowed}. All stacks of an account share them, and tasks beyond do not start: "
        "raise the quota (Service Quotas, AWS Fargate)"
    )
