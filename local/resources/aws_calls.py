"""AWS calls with clear errors."""

from __future__ import annotations

from collections.abc import Collection, Generator
from contextlib import contextmanager
from typing import Any, Final

from local.resources.base import ResourceError
from local.resources.cloud import Cloud

_HINTS: Final = {
    "ClusterContainsServicesException": "Delete its services first.",
    "DeleteConflict": "Delete or detach its policies first.",
    "DependencyViolation": "Another resource, outside this stack, still uses it: delete that first.",
    "DuplicateLoadBalancerName": "A load balancer has that name already: delete it, or choose another name.",
    "DuplicateTargetGroupName": "A target group has that name already: delete it, or choose another name.",
    "InvalidGroup.Duplicate": "A security group has that name already: delete it, or choose another name.",
    "InvalidAction": "MiniStack does not have this operation: the local run does not support it.",
    "InvalidChangeBatch": "The zone has that record already: delete it, or set `allowOverwrite`.",
    "RepositoryNotEmptyException": "Set `forceDelete` to delete its images with it.",
    "NoSuchHostedZone": "The zone was deleted: `make down` and `make up` create it again.",
}
_DEFAULT_HINT: Final = "Correct the named setting, or delete the conflicting resource, and run this again."


def code_of(error: BaseException | None) -> str:
    """Return AWS's code of an error, such as `NoSuchEntity`; empty for other errors."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


@contextmanager
def explained(action: str) -> Generator[None]:
    """Convert errors of AWS calls to a ResourceError that says what to do.

    Args:
        action: the call in words, such as "create ECS cluster 'web'".

    Raises:
        ResourceError: AWS refused the call or did not answer.
    """
    # A run without changes calls nothing and need not load this.
    from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

    try:
        yield
    except ClientError as error:
        code, message = code_of(error), str(error.response.get("Error", {}).get("Message", "")).rstrip(".")
        hint = _HINTS.get(code, _DEFAULT_HINT)
        raise ResourceError(f"cannot {action}: {code}: {message}. {hint}") from error
    except EndpointConnectionError as error:
        raise ResourceError(
            f"cannot {action}: the emulator does not answer; start it again with `make up`",
        ) from error
    except BotoCoreError as error:
        raise ResourceError(f"cannot {action}: {error}") from error


def call(
    cloud: Cloud,
    service: str,
    operation: str,
    /,
    *,
    ignored_codes: Collection[str] = (),
    all_pages: bool = False,
    **arguments: Any,
) -> dict[str, Any]:
    """Call AWS and return the answer; an error with one of `ignored_codes` is an empty answer.

    Raises:
        ResourceError: AWS refused the call or did not answer.
    """
    try:
        with explained(f"{operation.replace('_', ' ')} ({service})"):
            client = cloud.client(service)
            if all_pages and client.can_paginate(operation):
                return client.get_paginator(operation).paginate(**arguments).build_full_result()
            return getattr(client, operation)(**arguments)
    except ResourceError as error:
        if code_of(error.__cause__) in ignored_codes:
            return {}
        raise
