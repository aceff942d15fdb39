"""What the local run refuses; each message is shown as it is, without a traceback."""

from __future__ import annotations


class LocalError(Exception):
    """The local run cannot do what it is asked to; the message names what is wrong and what to do."""
