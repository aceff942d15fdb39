"""MiniStack with the parts of running tasks that it lacks."""

from __future__ import annotations

from functools import partial
from secrets import token_hex

from local.emulated import container_exits, deployments, events, ministack, schedules, secrets, starts, tasks

secrets.install()
tasks.install()
starts.install()
deployments.install()
schedules.install()
# In AWS's form, which a stack file may contain.
ministack("services.alb")._short_id = partial(token_hex, 8)
events.install()
container_exits.install()

app = ministack("app").app
