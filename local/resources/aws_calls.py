"""Calls of AWS with clear errors, and waiting for what AWS does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, ParamValidationError

from local.resources.base import ResourceError

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_HINTS: Final = {
    "DependencyViolation": "Something that this stack does not know still uses it: delete that first.",
    "DuplicateLoadBalancerName": "A load balancer has that name already: delete it, or choose another name.",
    "DuplicateTargetGroupName": "A target group has that name already: delete it, or choose another name.",
    "InvalidGroup.Duplicate": "A security group has that name already: delete it, or choose another name.",
    "InvalidAction": "MiniStack does not have this operation; the local run cannot show it.",
    "InvalidChangeBatch": "The zone holds that record already: delete it, or set `allowOverwrite`.",
    "NoSuchHostedZone": "The zone is gone: `make down` and `make up` make it again.",
}
_DEFAULT_HINT: Final = "Correct what it names, or delete what stands in its way, and run again."


def code_of(error: ClientError) -> str:
    """Return AWS's own name of an error, such as `NoSuchEntity`."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def explained(action: str, hint: str = "") -> Generator[None]:
    """Turn what AWS calls raise into a ResourceError.

    Args:
        action: what is being done to what, such as "create ECS cluster 'web'".
        hint: what to do about it, as a sentence of its own.

    Raises:
        ResourceError: the call was refused or did not arrive.
    """
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        message = f"cannot {action}: {details.get('Code')}: {details.get('Message')}"
        raise ResourceError(f"{message}. {hint}" if hint else message) from error
    except ParamValidationError as error:
        raise ResourceError(f"cannot {action}: {error}") from error
    except EndpointConnectionError as error:
        raise ResourceError(
            f"cannot {action}: the emulator does not answer; start it again with `make up`",
        ) from error
    except BotoCoreError as error:
        raise ResourceError(f"cannot {action}: {error}") from error


@contextmanager
def tolerating(*codes: str) -> Generator[None]:
    """Let AWS errors with one of these codes pass in silence: what is gone already is no error."""
    try:
        yield
    except ClientError as error:
        if code_of(error) not in codes:
            raise


def call(
    cloud: Cloud,
    service: str,
    operation: str,
    /,
    *,
    absent: Collection[str] = (),
    **arguments: Any,
) -> dict[str, Any]:
    """Call AWS and return its answer, or an empty one where it fails with a code of `absent`.

    Raises:
        ResourceError: AWS refused, or did not answer.
    """
    action = f"{operation.replace('_', ' ')} ({service})"
    try:
        with explained(action):
            return getattr(cloud.client(service), operation)(**arguments)
    except ResourceError as error:
        cause = error.__cause__
        if not isinstance(cause, ClientError):
            raise
        code = code_of(cause)
        if code in absent:
            return {}
        raise ResourceError(f"{str(error).removesuffix('.')}. {_HINTS.get(code, _DEFAULT_HINT)}") from cause


def wait_until(happened: Callable[[], bool], what: str, *, seconds: float = 30) -> None:
    """Ask until `happened`.

    Raises:
        ResourceError: it did not within `seconds`; the message names `what`.
    """
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() >= deadline:
            raise ResourceError(
                f"{what} did not happen within {seconds:g} s; the emulator does it at once: see its log",
            )
        time.sleep(0.1)
