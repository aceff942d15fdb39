"""The lines that `logs` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from automation.errors import AutomationError
from automation.services.logs import Line, Log, duration
from automation.services.logs import logs as command
from tests.unit.automation.fakes import FakeStacks, deployed, service_resource
from tests.unit.infra.rollout.aws import Aws, ErrorResponse, FakeClock

START = datetime(2026, 11, 21, 8, 0, 0, 123456, tzinfo=UTC)


def event(
    number: int, message: str = "", *, service: str = "web", container: str = "", after: float = 0
) -> dict[str, Any]:
    at = START + timedelta(seconds=after)
    return {
        "eventId": str(number),
        "timestamp": int(at.timestamp() * 1000),
        "logStreamName": f"{service}/{container or service}/{'0' * 32}",
        "message": message or f"line {number}",
    }


def answer(*events: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"events": list(events), **more}


def messages(log: Log) -> list[str]:
    return [line.message for line in log.new_lines()]


def test_lines_of_all_services_and_pages_are_printed_by_time() -> None:
    aws = Aws(
        filter_log_events=[
            answer(event(1), nextToken="more"),
            answer(event(2, service="web-alice", after=1)),
        ]
    )

    lines = list(Log(deployed(aws), START).new_lines())

    assert [(line.service, line.message) for line in lines] == [("web", "line 1"), ("web-alice", "line 2")]
    request, _ = aws.requests("filter_log_events")
    assert request["logGroupName"] == "logs-1a2b3c4"
    assert request["startTime"] == int(START.timestamp() * 1000)


def test_service_option_requests_the_log_streams_of_that_service_only() -> None:
    """`web` is a prefix of `web-alice`."""
    aws = Aws(filter_log_events=answer(event(1), event(2, service="web-alice")))

    assert messages(Log(deployed(aws), START, service="web")) == ["line 1"]
    assert aws.requests("filter_log_events")[0]["logStreamNamePrefix"] == "web/"


def test_follow_prints_each_line_once_including_late_ones() -> None:
    first, late, latest = event(1, after=90), event(2, after=95), event(3, after=100)
    aws = Aws(
        filter_log_events=[
            answer(first, latest),
            answer(first, late, latest),
            answer(latest, event(4, after=150)),
        ]
    )
    time = FakeClock()
    lines = Log(deployed(aws), START, clock=time.clock).follow()

    assert [line.message for line in islice(lines, 4)] == ["line 1", "line 3", "line 2", "line 4"]
    assert time.seconds == 4, "it polls every two seconds"


def test_follow_requests_only_the_last_minute_again() -> None:
    aws = Aws(filter_log_events=[answer(event(1), event(2, after=600)), answer()])
    log = Log(deployed(aws), START)

    for _ in range(2):
        messages(log)

    first, second = (request["startTime"] for request in aws.requests("filter_log_events"))
    assert second - first == 540_000, "all but the last minute"


def test_a_line_of_the_first_millisecond_is_printed_once() -> None:
    aws = Aws(filter_log_events=answer(event(1)))
    log = Log(deployed(aws), START)

    assert [messages(log), messages(log), messages(log)] == [["line 1"], [], []]


def test_a_missing_log_group_is_an_error_and_a_missing_stream_is_empty() -> None:
    aws = Aws(filter_log_events=ErrorResponse("ResourceNotFoundException"))

    assert messages(Log(deployed(aws), START, stream="web/web/1")) == []
    with pytest.raises(AutomationError, match="logs-1a2b3c4 does not exist"):
        messages(Log(deployed(aws), START))


@pytest.mark.parametrize(
    ("container", "message", "text"),
    [
        ("", '{"level": "info"}\n', 'web        {"level": "info"}'),
        ("proxy", "hello", "web/proxy  hello"),
    ],
    ids=["app", "sidecar"],
)
def test_a_line_has_the_source_and_the_unchanged_message(container: str, message: str, text: str) -> None:
    assert Line.of(event(1, message, container=container)).as_text(9) == text


def test_container_option_prints_the_lines_of_that_container_only() -> None:
    aws = Aws(filter_log_events=answer(event(1), event(2, container="proxy"), event(3, service="web-alice")))

    assert messages(Log(deployed(aws), START, container="proxy")) == ["line 2"]


@pytest.mark.parametrize(
    ("message", "expected"),
    [('{"level": "info"}', {"level": "info"}), ("plain: ü", "plain: ü")],
    ids=["json", "text"],
)
def test_json_of_a_line_has_its_source_time_and_message(message: str, expected: object) -> None:
    document = json.loads(Line.of(event(1, message)).as_json())

    assert document == {
        "time": "2026-11-21T08:00:00.123+00:00",
        "service": "web",
        "container": "web",
        "task": "0" * 32,
        "message": expected,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", timedelta(seconds=30)),
        ("10m", timedelta(minutes=10)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
        ("3653d", timedelta(days=3653)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, expected: timedelta) -> None:
    assert parsed(text) == expected


@pytest.mark.parametrize("text", ["", "10", "m", "-1m", "1 m", "1w", "1.5h", "9999999999d"])
def test_invalid_durations_are_rejected_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter, match="such as 10m"):
        parsed(text)


@pytest.mark.parametrize("text", ["3654d", "999999d", "999999999s", "999999999d"])
def test_a_duration_longer_than_any_retention_is_rejected(text: str) -> None:
    """It would begin before 1970, which CloudWatch refuses, or before the first year of a date."""
    with pytest.raises(click.BadParameter, match="longer than 3653d"):
        parsed(text)


def parsed(text: str) -> timedelta:
    context = click.Context(command)
    return duration(context, command.params[0], text)


def call(*arguments: str, stacks: FakeStacks | None = None) -> Result:
    return CliRunner().invoke(command, list(arguments), obj=stacks or FakeStacks(), standalone_mode=False)


def test_an_unknown_service_is_rejected_with_the_existing_ones() -> None:
    assert "there are web, web-alice" in str(call("dev", "--service", "bob").exception)


def test_json_option_prints_a_document_for_each_line() -> None:
    stacks = FakeStacks(Aws(filter_log_events=answer(event(1, "hello"))))

    (line,) = call("dev", "--json", stacks=stacks).stdout.splitlines()

    assert json.loads(line)["message"] == "hello"


def test_ctrl_c_ends_follow_with_exit_code_130_and_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Log) -> Iterator[Line]:
        yield Line.of(event(1, "hello"))
        raise KeyboardInterrupt

    monkeypatch.setattr(Log, "follow", interrupted)

    result = call("dev", "-f")

    assert (result.return_value, result.stdout, result.stderr) == (130, "web        hello\n", "")


def test_a_stack_without_a_log_group_is_an_error() -> None:
    result = call("dev", stacks=FakeStacks(state=[service_resource()]))

    assert "dev has no log group" in str(result.exception)


def test_an_unknown_container_is_reported_with_the_existing_ones() -> None:
    aws = Aws(
        filter_log_events=answer(),
        describe_task_definition={
            "taskDefinition": {"containerDefinitions": [{"name": "web"}, {"name": "proxy"}]}
        },
    )

    misspelt, right = (call("dev", "--container", name, stacks=FakeStacks(aws)) for name in ("zz", "proxy"))

    assert misspelt.stderr == "no task has a container 'zz' now: there are proxy, web\n"
    assert right.stderr == ""
