"""A length of time as one types it: 30s, 10m, 2h, 1d."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

import click

_FORM: Final = re.compile(r"(\d{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Duration(click.ParamType[timedelta]):
    """An option's value that is a length of time."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read what was typed."""
        if isinstance(value, timedelta):
            return value
        match = _FORM.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is no length of time: a number and s, m, h or d, such as 10m", param, ctx)
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
