"""The error of the local run that is shown as one message, without a traceback."""

from __future__ import annotations


class LocalError(Exception):
    """The local run cannot do what it is asked to; the message names what is wrong and what to do."""
