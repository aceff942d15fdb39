"""What the handlers of all services share: calls of AWS with clear errors, and waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from local.resources.base import ResourceError
from local.resources.errors import code_of, explained

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
