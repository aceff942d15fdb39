"""The latest log lines: each once, a bounded number, whatever a container writes."""

from __future__ import annotations

from typing import Any

import pytest

from local.page import log_lines
from local.page.log_lines import KEPT, LogTail, line_of
from tests.unit.local.page.fakes import Cloud, log_event


def tail_of(cloud: Cloud, **only: str) -> LogTail:
    emulator: Any = cloud
    return LogTail(emulator, lambda: {"logs-1": "dev"}, **only)


def texts(tail: LogTail, after: int = 0) -> list[str]:
    return [line.text for line in tail.after(after).lines]


def test_each_line_is_returned_once_and_in_order() -> None:
    cloud = Cloud()
    cloud.logs.events = [log_event("b", at=1001, stream="web/web/2"), log_event("a")]
    tail = tail_of(cloud).read()
    cloud.logs.events.append(log_event("c", at=1002))
    last = tail.after(0).last

    assert texts(tail) == ["a", "b"]
    assert texts(tail.read(), last) == ["c"]


def test_only_the_chosen_service_and_task_are_shown() -> None:
    cloud = Cloud()
    streams = ("web/web/1", "web/router/1", "web/web/2", "worker/worker/3")
    cloud.logs.events = [log_event(name, stream=name) for name in streams]

    assert texts(tail_of(cloud, service="web").read()) == ["web/web/1", "web/router/1", "web/web/2"]
    assert texts(tail_of(cloud, service="web", task="1").read()) == ["web/web/1", "web/router/1"]


def test_of_too_many_lines_the_latest_are_shown() -> None:
    cloud = Cloud()
    cloud.logs.events = [log_event("first")]
    tail = tail_of(cloud).read()
    cloud.logs.events += [log_event(str(number)) for number in range(5000)]

    after = tail.read().after(1)

    assert (after.lines[-1].text, len(after.lines), after.reset) == ("4999", KEPT, True)


def test_after_a_long_pause_a_reader_starts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud()
    cloud.logs.events = [log_event("a")]
    tail = tail_of(cloud).read()
    monkeypatch.setattr(log_lines, "_STALE_MILLISECONDS", -1)
    cloud.logs.events.append(log_event("b"))

    lines = tail.read().after(1)

    assert ([line.text for line in lines.lines], lines.reset) == (["a", "b"], True)


def test_a_stream_without_new_events_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud()
    cloud.logs.events = [log_event("a")]
    tail = tail_of(cloud).read()
    monkeypatch.setattr(log_lines, "_SETTLED_MILLISECONDS", -10_000)
    monkeypatch.setattr(cloud.logs, "get_log_events", pytest.fail)

    assert texts(tail.read()) == ["a"]


def test_a_reader_with_the_line_number_of_another_server_starts_again() -> None:
    cloud = Cloud()
    cloud.logs.events = [log_event("a")]

    lines = tail_of(cloud).read().after(99)

    assert (lines.reset, [line.text for line in lines.lines]) == (True, ["a"])


def test_a_deleted_log_group_has_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud()

    def missing(**_: Any) -> Any:
        raise cloud.logs.exceptions.ResourceNotFoundException

    monkeypatch.setattr(cloud.logs, "describe_log_streams", missing)
    assert texts(tail_of(cloud).read()) == []


def test_a_json_line_is_split_into_message_and_fields() -> None:
    line = line_of(
        log_event(
            '{"time":"t","level":"warn","msg":"slow","service":"web","environment":"dev",'
            '"requestId":"1-6b0dc3a8-407f806d","traceId":"1-6b0dc3a8-407f806d","ms":2.5}'
        ),
        1,
        stack="dev",
    )

    assert (line.text, line.kind) == ("slow", "warn")
    assert line.fields == [("ms", "2.5"), ("requestId", "1-6b0dc3a8-407f806d")]


@pytest.mark.parametrize(
    "text", ["plain", "{not json", "[1]", '{"a": 1}', '"text"', '{"a":' * 500 + "[" * 1500]
)
def test_other_lines_are_unchanged(text: str) -> None:
    line = line_of(log_event(text), 1, stack="dev")

    assert (line.text, line.fields) == (text, ())


@pytest.mark.parametrize(
    ("message", "text", "fields"),
    [
        ("\x1b[31mred\x1b[0m\x07\tand\x9b so on\n", "red\tand so on", ()),
        (r'{"msg": "a\u001b[31mb", "field": "c\u0007d"}', "ab", [("field", "cd")]),
    ],
)
def test_terminal_colours_and_control_characters_are_removed(message: str, text: str, fields: Any) -> None:
    line = line_of(log_event(message), 1, stack="dev")

    assert (line.text, line.fields) == (text, fields)


def test_a_very_long_line_is_truncated() -> None:
    line = line_of(log_event("x" * 100_000), 1, stack="dev")

    assert len(line.text) == log_lines._LONGEST + 1


def test_an_uncaught_exception_is_marked_as_an_error() -> None:
    assert line_of(log_event("TypeError: x is not a function"), 1, stack="dev").kind == "bad"
