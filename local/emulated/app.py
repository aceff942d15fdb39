"""MiniStack, with the parts of running tasks that it lacks."""

from __future__ import annotations

from functools import partial
from secrets import token_hex

from local.emulated import container_ends, events, ministack, schedules, secrets, tasks

secrets.install()
tasks.install()
schedules.install()
# As AWS's own, which a stack file may name.
ministack("services.alb")._short_id = partial(token_hex, 8)
events.install()
container_ends.install()

app = ministack("app").app
