"""What AWS and Docker raise, told as a `ResourceError` that names the thing and says what to do."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, ParamValidationError

from local.resources.base import ResourceError


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
