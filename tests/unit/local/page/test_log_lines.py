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
    cloud.logs.events = [log_event("a", 1, at=1000), log_event("b", 2, at=1000)]
    tail = tail_of(cloud).read()
    cloud.logs.events.append(log_event("c", 3, at=1001))
    last = tail.after(0).last

    assert texts(tail) == ["a", "b"]
    assert texts(tail.read(), last) == ["c"]


def test_a_late_line_is_not_lost() -> None:
    cloud = Cloud()
    cloud.logs.events = [log_event("b", 2, at=5000)]
    tail = tail_of(cloud).read()
    cloud.logs.events.insert(0, log_event("a", 1, at=4000))

    assert texts(tail.read(), 1) == ["a"]


def test_only_the_chosen_service_and_task_are_shown() -> None:
    cloud = Cloud()
    streams = ("web/web/1", "web/router/1", "web/web/2", "worker/worker/3")
    cloud.logs.events = [log_event(name, number, stream=name) for number, name in enumerate(streams)]

    assert texts(tail_of(cloud, service="web").read()) == ["web/web/1", "web/router/1", "web/web/2"]
    assert texts(tail_of(cloud, service="web", task="1").read()) == ["web/web/1", "web/router/1"]


def test_of_too_many_lines_the_latest_are_shown() -> None:
    cloud = Cloud()
    cloud.logs.events = [log_event("first", 0, at=1000)]
    tail = tail_of(cloud).read()
    cloud.logs.events += [log_event(str(number), number, at=1000 + number) for number in range(1, 5000)]

    after = tail.read().after(1)

    assert after.lines[-1].text == "4999"
    assert len(after.lines) <= KEPT


def test_a_slow_reader_starts_again() -> None:
    cloud = Cloud()
    cloud.logs.events = [log_event("first", 0, at=1000)]
    tail = tail_of(cloud).read()
    for more in range(3):
        cloud.logs.events += [
            log_event("x", 1000 * more + n, at=2000 + 1000 * more + n) for n in range(1, 500)
        ]
        tail.read()

    assert tail.after(1).anew


def test_a_reader_with_the_line_number_of_another_server_starts_again() -> None:
    cloud = Cloud()
    cloud.logs.events = [log_event("a")]

    lines = tail_of(cloud).read().after(99)

    assert (lines.anew, [line.text for line in lines.lines]) == (True, ["a"])


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


def test_memory_is_bounded_when_one_log_group_is_busy_and_another_silent() -> None:
    """The front door must not grow while a page is open."""
    cloud: Any = Cloud()
    groups = {"logs-1": "dev"}
    cloud.logs.events = [log_event("once", 0, at=1000)]
    tail = LogTail(cloud, lambda: groups).read()
    groups = {"logs-2": "dev"}
    for more in range(20):
        cloud.logs.events = [log_event("x", 100 * more + n, at=10_000 * (more + 1)) for n in range(1, 50)]
        tail.read()

    assert sum(map(len, tail._seen.values())) <= 51


def test_a_very_long_line_is_truncated() -> None:
    line = line_of(log_event("x" * 100_000), 1, stack="dev")

    assert len(line.text) == log_lines._LONGEST + 1


def test_an_uncaught_exception_is_marked_as_an_error() -> None:
    assert line_of(log_event("TypeError: x is not a function"), 1, stack="dev").kind == "bad"
