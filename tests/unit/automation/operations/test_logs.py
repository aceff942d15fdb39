"""Which lines are told, once each and as they are."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from automation.errors import AutomationError
from automation.operations.logs import Line, Log
from tests.unit.automation.operations.places import place
from tests.unit.infra.rollout.aws import Aws, Hours, Refused

BEGAN = datetime(2026, 11, 21, 8, 0, 0, 123456, tzinfo=UTC)


def event(number: int, message: str = "", *, service: str = "web", after: float = 0) -> dict[str, Any]:
    at = BEGAN + timedelta(seconds=after)
    return {
        "eventId": str(number),
        "timestamp": int(at.timestamp() * 1000),
        "logStreamName": f"{service}/{service}/{'0' * 32}",
        "message": message or f"line {number}",
    }


def answer(*events: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"events": list(events), **more}


def messages(log: Log) -> list[str]:
    return [line.message for line in log.fresh()]


def test_lines_of_all_services_come_by_time() -> None:
    aws = Aws(filter_log_events=answer(event(1), event(2, service="web-alice", after=1)))

    lines = list(Log(place(aws), BEGAN).fresh())

    assert [(line.service, line.message) for line in lines] == [("web", "line 1"), ("web-alice", "line 2")]
    (question,) = aws.questions("filter_log_events")
    assert question["logGroupName"] == "logs-1a2b3c4"
    assert question["startTime"] == int(BEGAN.timestamp() * 1000)


def test_of_one_service_the_streams_of_that_service_alone_are_asked_for() -> None:
    """`web` is the beginning of `web-alice`."""
    aws = Aws(filter_log_events=answer(event(1), event(2, service="web-alice")))

    assert messages(Log(place(aws), BEGAN, service="web")) == ["line 1"]
    assert aws.questions("filter_log_events")[0]["logStreamNamePrefix"] == "web/"


def test_all_pages_are_read() -> None:
    aws = Aws(filter_log_events=[answer(event(1), nextToken="more"), answer(event(2))])

    assert messages(Log(place(aws), BEGAN)) == ["line 1", "line 2"]


def test_who_follows_gets_each_line_once_also_those_that_come_late() -> None:
    first, late, latest = event(1, after=90), event(2, after=95), event(3, after=100)
    aws = Aws(
        filter_log_events=[
            answer(first, latest),
            answer(first, late, latest),
            answer(latest, event(4, after=150)),
        ]
    )
    hours = Hours()
    lines = Log(place(aws), BEGAN, clock=hours.clock).follow()

    assert [line.message for line in islice(lines, 4)] == ["line 1", "line 3", "line 2", "line 4"]
    assert hours.seconds == 4, "it asks every two seconds"


def test_who_follows_does_not_ask_for_everything_again() -> None:
    aws = Aws(filter_log_events=[answer(event(1), event(2, after=600)), answer()])
    log = Log(place(aws), BEGAN)

    for _ in range(2):
        messages(log)

    first, second = (question["startTime"] for question in aws.questions("filter_log_events"))
    assert second - first == 540_000, "all but the last minute"


def test_a_line_of_the_very_millisecond_at_which_it_began_is_told_once() -> None:
    aws = Aws(filter_log_events=answer(event(1)))
    log = Log(place(aws), BEGAN)

    assert [messages(log), messages(log), messages(log)] == [["line 1"], [], []]


def test_a_log_that_is_gone_is_told() -> None:
    aws = Aws(filter_log_events=Refused("ResourceNotFoundException"))

    with pytest.raises(AutomationError, match="logs-1a2b3c4 is not there"):
        messages(Log(place(aws), BEGAN))


def test_a_stream_that_is_not_there_yet_is_empty() -> None:
    aws = Aws(filter_log_events=Refused("ResourceNotFoundException"))

    assert messages(Log(place(aws), BEGAN, stream="web/web/1")) == []


def test_what_the_app_writes_is_printed_as_it_is() -> None:
    line = Line.of(event(1, '{"level": "info"}\n'))

    assert line.as_text(9) == 'web        {"level": "info"}'


@pytest.mark.parametrize(
    ("message", "expected"),
    [('{"level": "info"}', {"level": "info"}), ("plain: ü", "plain: ü")],
    ids=["json", "text"],
)
def test_a_program_gets_one_document_for_each_line(message: str, expected: object) -> None:
    document = json.loads(Line.of(event(1, message)).as_json())

    assert document == {
        "time": "2026-11-21T08:00:00.123+00:00",
        "service": "web",
        "task": "0" * 32,
        "message": expected,
    }
