"""What the engine refuses; each message is shown as it is, without a traceback."""

from __future__ import annotations


class EngineError(Exception):
    """Base of all: the message names what is wrong and what to do."""


class UnsupportedError(EngineError):
    """Something that Pulumi has and this engine does not, by name."""


class ProtectedError(EngineError):
    """A protected resource would be deleted or replaced."""


class StepFailedError(EngineError):
    """A resource could not be made, changed or deleted; the failure was shown when it happened."""


class InterruptedRunError(EngineError):
    """The person stopped the run."""
