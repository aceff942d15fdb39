"""When schedules of AWS run, and for how long a resource is in each state."""

from __future__ import annotations

import pytest

from automation.cost.schedules import (
    SECONDS_OF_YEAR,
    UnsupportedScheduleError,
    combined,
    from_unix_cron,
    run_times,
    runs_per_year,
)

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("schedule", "runs"),
    [
        ("cron(0 8 ? * MON-FRI *)", 261),
        ("cron(0 8 ? * 2-6 *)", 261),
        ("cron(0 8 ? * mon,TUE *)", 104),
        ("cron(0 8 ? * FRI-MON *)", 4 * 52),
        ("cron(0 18 * * ? *)", 365),
        ("cron(0/15 * ? * SUN *)", 52 * 24 * 4),
        ("cron(0 8-18/5 ? * SAT *)", 52 * 3),
        ("cron(0 8 1,15 JAN-MAR ? *)", 6),
        ("cron(0 8 31 * ? *)", 7),
        ("cron(0 8 30 2 ? *)", 0),
        ("rate(1 hour)", 8760),
        ("rate(5 minutes)", 105120),
        ("rate(2 days)", 182.5),
        ("at(2027-01-01T00:05:00)", 0),
    ],
)
def test_schedules_run_so_often_in_a_year(schedule: str, runs: float) -> None:
    assert runs_per_year(schedule, "UTC") == runs


def test_run_times_follow_daylight_saving_time() -> None:
    """2026 starts on a Thursday."""
    in_berlin = run_times("cron(0 8 * * ? *)", "Europe/Berlin")

    assert in_berlin[0] == 7 * HOUR
    assert in_berlin[180] == 180 * DAY + 6 * HOUR


def test_a_run_that_the_time_zone_moves_to_the_year_before_counts_at_the_end_of_the_year() -> None:
    assert run_times("cron(0 1 1 1 ? *)", "Asia/Tokyo") == [SECONDS_OF_YEAR - 8 * HOUR]


@pytest.mark.parametrize(
    ("schedule", "zone"),
    [
        ("rate(0 hours)", "UTC"),
        ("rate(1 week)", "UTC"),
        ("cron(0 8 L * ? *)", "UTC"),
        ("cron(0 8 15W * ? *)", "UTC"),
        ("cron(0 8 ? * 6#3 *)", "UTC"),
        ("cron(0 8 ? * MON *) ", "UTC"),
        ("cron(0 8 ? * MON 2027)", "UTC"),
        ("cron(0 24 ? * MON *)", "UTC"),
        ("cron(0 8 ? * MONDAY *)", "UTC"),
        ("cron(0 8 ? * MON)", "UTC"),
        ("cron(0 8/0 ? * MON *)", "UTC"),
        ("cron(0 8 ? * MON *)", "Europe/Berln"),
        ("cron(0 8 ? * MON *)", ""),
        ("cron(0 8 ? * MON *)", "/etc/passwd"),
    ],
)
def test_unsupported_schedules_and_time_zones_are_rejected(schedule: str, zone: str) -> None:
    with pytest.raises(UnsupportedScheduleError):
        runs_per_year(schedule, zone)


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
def test_unix_cron_expressions_are_converted_with_their_weekdays(unix: str, aws: str) -> None:
    assert from_unix_cron(unix) == aws


@pytest.mark.parametrize("unix", ["", "0 20 * *", "0 20 1 * MON", "0 20 * * * *"])
def test_unix_cron_expressions_with_another_meaning_on_aws_are_rejected(unix: str) -> None:
    with pytest.raises(UnsupportedScheduleError):
        from_unix_cron(unix)


@pytest.mark.parametrize(
    ("curves", "expected"),
    [
        ([], [((), 1.0)]),
        ([[(0, 0.75), (4, 0.25)], [(1, 0.5), (2, 0.5)]], [((0, 1), 0.5), ((0, 2), 0.25), ((4, 2), 0.25)]),
        ([[("a", 0.25), ("b", 0.75)], [(7, 1.0)]], [(("a", 7), 0.25), (("b", 7), 0.75)]),
    ],
    ids=["no curve", "busy hours coincide", "a constant"],
)
def test_states_are_combined(curves: list[list[tuple[object, float]]], expected: object) -> None:
    assert combined(curves) == expected


def test_shares_whose_sum_is_not_exactly_one_are_combined_without_a_gap() -> None:
    thirds = [(1, 1 / 3), (2, 1 / 3), (3, 1 / 3 - 1e-12)]

    assert combined([thirds, [(9, 1.0)]])[-1] == ((3, 9), pytest.approx(1 / 3))
