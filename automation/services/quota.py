"""A warning if a stack may need more Fargate vCPUs than its account allows."""

from __future__ import annotations

from typing import Final

from automation.stacks.stacks import Stacks

VCPUS_OF_A_NEW_ACCOUNT: Final = 6.0
_CODES: Final = {"FARGATE": "L-3032A538", "FARGATE_SPOT": "L-36FBB829"}
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html"""


def vcpu_warning(stacks: Stacks, stack: str) -> str:
    """Return a warning if a stack may need more Fargate vCPUs than its account allows; else an empty text."""
    if stacks.is_local:
        return ""
    settings = stacks.settings(stack)
    most = settings.most_vcpus
    # Every account has these, so that no request to AWS, and no permission for it, is needed.
    if most <= VCPUS_OF_A_NEW_ACCOUNT:
        return ""
    from botocore.exceptions import BotoCoreError, ClientError

    providers = (item for service in settings.services for item in service.capacity_provider_strategy)
    codes = {_CODES[provider.capacity_provider] for provider in providers if provider.is_fargate}
    try:
        quotas = stacks.clients(settings).client("service-quotas")
        answers = [quotas.get_service_quota(ServiceCode="fargate", QuotaCode=code) for code in codes]
    except (BotoCoreError, ClientError) as error:
        allowed = f"a new account allows {VCPUS_OF_A_NEW_ACCOUNT:g} (this one's quota is not known: {error})"
    else:
        quota = sum(answer["Quota"]["Value"] for answer in answers)
        if most <= quota:
            return ""
        allowed = f"the account allows {quota:g}"
    return (
        f"warning: {stack} may need up to {most:g} Fargate vCPUs (its most tasks, during a deployment), and "
        f"{allowed}. All stacks of an account share this quota, and tasks above it do not start: raise it "
        "under Service Quotas, AWS Fargate"
    )
