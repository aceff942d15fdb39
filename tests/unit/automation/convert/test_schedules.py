"""Schedules of cron and Copilot, and those of EventBridge Scheduler."""

from __future__ import annotations

import pytest

from automation.convert.schedules import schedule_of
from infra.settings import Schedule


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 9 * * 1-5", {"cron": "0 9 ? * 2-6 *"}),
        ("0 9 * * 0,6", {"cron": "0 9 ? * 1,7 *"}),
        ("0 9 * * 7", {"cron": "0 9 ? * 1 *"}),
        ("0 9 * * 5-7", {"cron": "0 9 ? * 6,7,1 *"}),
        ("0 9 * * 1-5/2", {"cron": "0 9 ? * 2-6/2 *"}),
        ("0 9 * * */2", {"cron": "0 9 ? * 1-7/2 *"}),
        ("0 9 * * mon-fri", {"cron": "0 9 ? * MON-FRI *"}),
        ("*/5  *  *  *  *", {"cron": "*/5 * * * ? *"}),
        ("0 0 1 jan *", {"cron": "0 0 1 JAN ? *"}),
        ("@daily", {"cron": "0 0 * * ? *"}),
        ("@midnight", {"cron": "0 0 * * ? *"}),
        ("@weekly", {"cron": "0 0 ? * 1 *"}),
        ("@every 1h30m", {"rate": "90 minutes"}),
        ("@every 60m", {"rate": "1 hour"}),
        ("@every 48h", {"rate": "2 days"}),
        ("rate(5 minutes)", {"rate": "5 minutes"}),
        ("cron(0 9 ? * MON *)", {"cron": "0 9 ? * MON *"}),
    ],
)
def test_a_schedule_is_converted_to_one_that_the_settings_accept(text: str, expected: dict[str, str]) -> None:
    assert schedule_of(text) == expected

    Schedule.model_validate(expected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0 0 1 * 1", "not both"),
        ("0 0 1 *", "has 5 fields"),
        ("@every 90s", "not a whole number of minutes"),
        ("@sometimes", "is none of"),
    ],
)
def test_invalid_schedules_are_rejected_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        schedule_of(text)
