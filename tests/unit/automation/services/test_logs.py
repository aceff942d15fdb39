"""Which lines are printed, once each and as they are."""

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
from tests.unit.infra.rollout.aws import Aws, Hours, Refused

BEGAN = datetime(2026, 11, 21, 8, 0, 0, 123456, tzinfo=UTC)


def event(
    number: int, message: str = "", *, service: str = "web", container: str = "", after: float = 0
) -> dict[str, Any]:
    at = BEGAN + timedelta(seconds=after)
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


def test_lines_of_all_services_come_by_time() -> None:
    aws = Aws(filter_log_events=answer(event(1), event(2, service="web-alice", after=1)))

    lines = list(Log(deployed(aws), BEGAN).new_lines())

    assert [(line.service, line.message) for line in lines] == [("web", "line 1"), ("web-alice", "line 2")]
    (question,) = aws.questions("filter_log_events")
    assert question["logGroupName"] == "logs-1a2b3c4"
    assert question["startTime"] == int(BEGAN.timestamp() * 1000)


def test_of_one_service_the_streams_of_that_service_alone_are_asked_for() -> None:
    """`web` is the beginning of `web-alice`."""
    aws = Aws(filter_log_events=answer(event(1), event(2, service="web-alice")))

    assert messages(Log(deployed(aws), BEGAN, service="web")) == ["line 1"]
    assert aws.questions("filter_log_events")[0]["logStreamNamePrefix"] == "web/"


def test_all_pages_are_read() -> None:
    aws = Aws(filter_log_events=[answer(event(1), nextToken="more"), answer(event(2))])

    assert messages(Log(deployed(aws), BEGAN)) == ["line 1", "line 2"]


def test_who_follows_gets_each_line_once_also_those_that_come_late() -> None:
    first, late, latest = event(1, after=90), event(2, after=95), event(3, after=100)
    aws = Aws(
        filter_log_events=[
            answer(first, latest),
            answer(first, late, latest),
            answer(latest, event(4, after=150)),
        ]
    )
    time = Hours()
    lines = Log(deployed(aws), BEGAN, clock=time.clock).follow()

    assert [line.message for line in islice(lines, 4)] == ["line 1", "line 3", "line 2", "line 4"]
    assert time.seconds == 4, "it asks every two seconds"


def test_who_follows_does_not_ask_for_everything_again() -> None:
    aws = Aws(filter_log_events=[answer(event(1), event(2, after=600)), answer()])
    log = Log(deployed(aws), BEGAN)

    for _ in range(2):
        messages(log)

    first, second = (question["startTime"] for question in aws.questions("filter_log_events"))
    assert second - first == 540_000, "all but the last minute"


def test_a_line_of_the_very_millisecond_at_which_it_began_is_printed_once() -> None:
    aws = Aws(filter_log_events=answer(event(1)))
    log = Log(deployed(aws), BEGAN)

    assert [messages(log), messages(log), messages(log)] == [["line 1"], [], []]


def test_a_log_group_that_does_not_exist_is_named() -> None:
    aws = Aws(filter_log_events=Refused("ResourceNotFoundException"))

    with pytest.raises(AutomationError, match="logs-1a2b3c4 does not exist"):
        messages(Log(deployed(aws), BEGAN))


def test_a_stream_that_is_not_there_yet_is_empty() -> None:
    aws = Aws(filter_log_events=Refused("ResourceNotFoundException"))

    assert messages(Log(deployed(aws), BEGAN, stream="web/web/1")) == []


def test_what_the_app_writes_is_printed_as_it_is() -> None:
    line = Line.of(event(1, '{"level": "info"}\n'))

    assert line.as_text(9) == 'web        {"level": "info"}'


def test_a_line_of_a_sidecar_names_the_sidecar() -> None:
    assert Line.of(event(1, "hello", container="proxy")).as_text(9) == "web/proxy  hello"


def test_of_one_container_the_lines_of_that_container_alone_are_printed() -> None:
    aws = Aws(filter_log_events=answer(event(1), event(2, container="proxy"), event(3, service="web-alice")))

    assert messages(Log(deployed(aws), BEGAN, container="proxy")) == ["line 2"]


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
        "container": "web",
        "task": "0" * 32,
        "message": expected,
    }


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("30s", timedelta(seconds=30)),
        ("10m", timedelta(minutes=10)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
    ],
)
def test_a_length_of_time_has_a_unit(text: str, meant: timedelta) -> None:
    assert parsed(text) == meant


@pytest.mark.parametrize("text", ["", "10", "m", "-1m", "1 m", "1w", "1.5h", "9999999d"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter, match="such as 10m"):
        parsed(text)


def parsed(text: str) -> timedelta:
    context = click.Context(command)
    return duration(context, command.params[0], text)


def call(*arguments: str, stacks: FakeStacks | None = None) -> Result:
    return CliRunner().invoke(command, list(arguments), obj=stacks or FakeStacks(), standalone_mode=False)


def test_a_service_that_does_not_exist_is_refused() -> None:
    assert "there are web, web-alice" in str(call("dev", "--service", "bob").exception)


def test_each_line_is_a_document_for_programs() -> None:
    stacks = FakeStacks(Aws(filter_log_events=answer(event(1, "hello"))))

    (line,) = call("dev", "--json", stacks=stacks).stdout.splitlines()

    assert json.loads(line)["message"] == "hello"


def test_ctrl_c_is_how_following_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Log) -> Iterator[Line]:
        yield Line.of(event(1, "hello"))
        raise KeyboardInterrupt

    monkeypatch.setattr(Log, "follow", interrupted)

    result = call("dev", "-f")

    assert (result.return_value, result.stdout, result.stderr) == (130, "web        hello\n", "")


def test_a_stack_whose_update_failed_before_its_log_group_says_so() -> None:
    result = call("dev", stacks=FakeStacks(state=[service_resource()]))

    assert "dev has no log group" in str(result.exception)


def test_a_container_that_no_task_has_is_named_with_those_that_there_are() -> None:
    aws = Aws(
        filter_log_events=answer(),
        describe_task_definition={
            "taskDefinition": {"containerDefinitions": [{"name": "web"}, {"name": "proxy"}]}
        },
    )

    mistyped, right = (call("dev", "--container", name, stacks=FakeStacks(aws)) for name in ("zz", "proxy"))

    assert mistyped.stderr == "no task has a container 'zz' now: there are proxy, web\n"
    assert right.stderr == ""
