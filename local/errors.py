"""The base of errors that are shown as one message, without a traceback."""

from __future__ import annotations


class LocalError(Exception):
    """The local run cannot continue; the message says why and what to do."""
