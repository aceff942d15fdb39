"""The end of logs: each line once, a bounded number of them, whatever a container writes."""

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


def test_each_line_comes_once_and_in_order() -> None:
    cloud = Cloud()
    cloud.logs.events = [log_event("a", 1, at=1000), log_event("b", 2, at=1000)]
    tail = tail_of(cloud).read()
    cloud.logs.events.append(log_event("c", 3, at=1001))
    last = tail.after(0).last

    assert texts(tail) == ["a", "b"]
    assert texts(tail.read(), last) == ["c"]


def test_a_line_that_comes_late_is_not_lost() -> None:
    cloud = Cloud()
    cloud.logs.events = [log_event("b", 2, at=5000)]
    tail = tail_of(cloud).read()
    cloud.logs.events.insert(0, log_event("a", 1, at=4000))

    assert texts(tail.read(), 1) == ["a"]


def test_only_the_service_and_task_that_are_asked_for() -> None:
    cloud = Cloud()
    streams = ("web/web/1", "web/router/1", "web/web/2", "worker/worker/3")
    cloud.logs.events = [log_event(name, number, stream=name) for number, name in enumerate(streams)]

    assert texts(tail_of(cloud, service="web").read()) == ["web/web/1", "web/router/1", "web/web/2"]
    assert texts(tail_of(cloud, service="web", task="1").read()) == ["web/web/1", "web/router/1"]


def test_of_a_flood_the_end_is_shown() -> None:
    cloud = Cloud()
    cloud.logs.events = [log_event("first", 0, at=1000)]
    tail = tail_of(cloud).read()
    cloud.logs.events += [log_event(str(number), number, at=1000 + number) for number in range(1, 5000)]

    after = tail.read().after(1)

    assert after.lines[-1].text == "4999"
    assert len(after.lines) <= KEPT


def test_a_slow_reader_begins_anew() -> None:
    cloud = Cloud()
    cloud.logs.events = [log_event("first", 0, at=1000)]
    tail = tail_of(cloud).read()
    for more in range(3):
        cloud.logs.events += [
            log_event("x", 1000 * more + n, at=2000 + 1000 * more + n) for n in range(1, 500)
        ]
        tail.read()

    assert tail.after(1).anew


def test_a_reader_of_another_server_s_lines_begins_anew() -> None:
    cloud = Cloud()
    cloud.logs.events = [log_event("a")]

    found = tail_of(cloud).read().after(99)

    assert (found.anew, [line.text for line in found.lines]) == (True, ["a"])


def test_a_log_group_that_is_deleted_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud()

    def gone(**_: Any) -> Any:
        raise cloud.logs.exceptions.ResourceNotFoundException

    monkeypatch.setattr(cloud.logs, "describe_log_streams", gone)
    assert texts(tail_of(cloud).read()) == []


def test_a_line_in_json_is_its_message_with_its_fields() -> None:
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
def test_any_other_line_stays_what_it_is(text: str) -> None:
    line = line_of(log_event(text), 1, stack="dev")

    assert (line.text, line.fields) == (text, ())


def test_colours_of_a_terminal_and_control_characters_are_dropped() -> None:
    assert (
        line_of(log_event("\x1b[31mred\x1b[0m\x07\tand\x9b so on\n"), 1, stack="dev").text == "red\tand so on"
    )


def test_control_characters_that_json_spells_are_dropped() -> None:
    line = line_of(log_event(r'{"msg": "a\u001b[31mb", "field": "c\u0007d"}'), 1, stack="dev")

    assert (line.text, line.fields) == ("ab", [("field", "cd")])


def test_what_a_busy_group_has_written_is_forgotten_while_another_is_silent() -> None:
    """Else the front door would grow for as long as a page is open."""
    cloud: Any = Cloud()
    groups = {"logs-1": "dev"}
    cloud.logs.events = [log_event("once", 0, at=1000)]
    tail = LogTail(cloud, lambda: groups).read()
    groups = {"logs-2": "dev"}
    for more in range(20):
        cloud.logs.events = [log_event("x", 100 * more + n, at=10_000 * (more + 1)) for n in range(1, 50)]
        tail.read()

    assert sum(map(len, tail._seen.values())) <= 51


def test_a_line_without_end_is_cut() -> None:
    line = line_of(log_event("x" * 100_000), 1, stack="dev")

    assert len(line.text) == log_lines._LONGEST + 1


def test_an_uncaught_exception_stands_out() -> None:
    assert line_of(log_event("TypeError: x is not a function"), 1, stack="dev").kind == "bad"
