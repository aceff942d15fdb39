"""When a schedule of AWS comes round."""

from __future__ import annotations

import pytest

from automation.cost.cron import SECONDS_OF_YEAR, UnknownScheduleError, moments, of_unix

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("cron", "times"),
    [
        ("0 8 ? * MON-FRI *", 261),
        ("0 8 ? * 2-6 *", 261),
        ("0 8 ? * mon,TUE *", 104),
        ("0 8 ? * FRI-MON *", 4 * 52),
        ("0 18 * * ? *", 365),
        ("0/15 * ? * SUN *", 52 * 24 * 4),
        ("0 8-18/5 ? * SAT *", 52 * 3),
        ("0 8 1,15 JAN-MAR ? *", 6),
        ("0 8 31 * ? *", 7),
        ("0 8 30 2 ? *", 0),
    ],
)
def test_a_schedule_comes_round_as_often_as_its_fields_say(cron: str, times: int) -> None:
    assert len(moments(f"cron({cron})", "UTC")) == times


def test_hours_are_those_of_the_time_zone_in_summer_and_winter() -> None:
    """2026 begins on a Thursday."""
    in_berlin = moments("cron(0 8 * * ? *)", "Europe/Berlin")

    assert in_berlin[0] == 7 * HOUR
    assert in_berlin[180] == 180 * DAY + 6 * HOUR


def test_a_moment_that_the_time_zone_moves_out_of_the_year_is_at_its_other_end() -> None:
    assert moments("cron(0 1 1 1 ? *)", "Asia/Tokyo") == [SECONDS_OF_YEAR - 8 * HOUR]


@pytest.mark.parametrize(
    "schedule",
    [
        "rate(1 hour)",
        "at(2026-01-01T00:00:00)",
        "cron(0 8 L * ? *)",
        "cron(0 8 15W * ? *)",
        "cron(0 8 ? * 6#3 *)",
        "cron(0 8 ? * MON *) ",
        "cron(0 8 ? * MON 2027)",
        "cron(0 24 ? * MON *)",
        "cron(0 8 ? * MONDAY *)",
        "cron(0 8 ? * MON)",
        "cron(0 8/0 ? * MON *)",
    ],
)
def test_what_is_not_understood_is_not_guessed(schedule: str) -> None:
    with pytest.raises(UnknownScheduleError):
        moments(schedule, "UTC")


@pytest.mark.parametrize("zone", ["Europe/Berln", "", "/etc/passwd"])
def test_a_time_zone_that_is_not_known_here_is_not_guessed(zone: str) -> None:
    with pytest.raises(UnknownScheduleError):
        moments("cron(0 8 ? * MON *)", zone)


@pytest.mark.parametrize(
    ("unix", "aws"),
    [
        ("0 20 * * *", "cron(0 20 * * * *)"),
        ("0 20 * * MON-FRI", "cron(0 20 * * MON-FRI *)"),
        ("0 20 * * 1-5", "cron(0 20 * * 2-6 *)"),
        ("0 20 * * 0,6", "cron(0 20 * * 1,7 *)"),
        ("0 20 * * 7", "cron(0 20 * * 1 *)"),
        ("*/5 20 * * */2", "cron(*/5 20 * * */2 *)"),
        ("0 20 1 */3 *", "cron(0 20 1 */3 * *)"),
    ],
)
def test_unix_counts_days_from_0_and_aws_from_1(unix: str, aws: str) -> None:
    assert of_unix(unix) == aws


@pytest.mark.parametrize("unix", ["", "0 20 * *", "0 20 1 * MON", "0 20 * * * *"])
def test_what_unix_means_otherwise_is_told_apart(unix: str) -> None:
    with pytest.raises(UnknownScheduleError):
        of_unix(unix)
