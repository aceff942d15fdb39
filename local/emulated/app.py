"""MiniStack, with what it leaves out of running tasks."""

from __future__ import annotations

from local.emulated import ministack, schedules, secrets, tasks

secrets.install()
tasks.install()
schedules.install()

app = ministack("app").app
