"""`check` requests every address until it answers 200."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from automation.errors import AutomationError
from automation.services import check
from automation.services.check import wait_until_answered
from tests.unit.automation.fakes import OUTPUTS, FakeStacks, resources
from tests.unit.infra.rollout.aws import Aws, FakeClock, service

WEB, ALICE = "https://dev.example.com", "https://alice.dev.example.com"


class Addresses:
    """The statuses that addresses answer with, in turn; the last one is repeated."""

    def __init__(self, answers: Mapping[str, list[int | None]]) -> None:
        self.answers = {url: list(statuses) for url, statuses in answers.items()}
        self.requested: list[str] = []
        self.reported: list[str] = []
        self.time = FakeClock()

    def get_status(self, url: str) -> int | None:
        self.requested.append(url)
        left = self.answers[url]
        return left.pop(0) if len(left) > 1 else left[0]

    def wait(self, seconds: float = 10, **urls: str) -> None:
        wait_until_answered(
            urls, self.get_status, seconds=seconds, report=self.reported.append, clock=self.time.clock
        )


def test_addresses_are_requested_until_all_answer_200() -> None:
    addresses = Addresses({WEB: [None, 503, 200], ALICE: [200]})

    addresses.wait(web=WEB, alice=ALICE)

    assert addresses.reported == [f"alice answers at {ALICE}", f"web answers at {WEB}"]
    assert addresses.time.seconds == 4


def test_an_address_that_answered_is_not_requested_again() -> None:
    addresses = Addresses({WEB: [503, 200], ALICE: [200, 500]})

    addresses.wait(web=WEB, alice=ALICE)

    assert addresses.requested.count(ALICE) == 1


def test_other_statuses_are_an_error_that_names_each_address() -> None:
    addresses = Addresses({WEB: [301], ALICE: [None], "https://bob": [200]})

    with pytest.raises(AutomationError) as raised:
        addresses.wait(web=WEB, alice=ALICE, bob="https://bob")

    assert str(raised.value) == (
        f"no status 200 after 10 seconds: alice at {ALICE} (no answer); web at {WEB} (301)"
    )


def test_zero_seconds_request_each_address_once() -> None:
    addresses = Addresses({WEB: [200]})

    addresses.wait(0, web=WEB)

    assert (addresses.requested, addresses.time.seconds) == ([WEB], 0)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, int | None]:
    """The answer of each address."""
    found: dict[str, int | None] = {}
    monkeypatch.setattr(check, "http_status", lambda url: found[url])
    return found


def call(*arguments: str) -> Result:
    """Check dev, in which web-alice has a desired count of 0."""
    web, alice = (
        service(serviceName=f"{name}-1a2b3c4", desiredCount=count)["services"][0]
        for name, count in (("web", 1), ("web-alice", 0))
    )
    stacks = FakeStacks(Aws(describe_services={"services": [web, alice]}), resources())
    return CliRunner().invoke(check.check, ["dev", *arguments], obj=stacks, standalone_mode=False)


URL = f"{OUTPUTS['urls']['web']}/readyz"


def test_a_service_with_desired_count_0_is_named_and_not_requested(answers: dict[str, int | None]) -> None:
    answers[URL] = 200

    result = call()

    assert result.exception is None
    assert result.stdout == f"web answers at {URL}\n"
    assert result.stderr == "web-alice has a desired count of 0 and was not requested\n"


def test_another_status_fails_the_command(answers: dict[str, int | None]) -> None:
    answers[URL] = 502

    result = call("--within-seconds", "0")

    assert isinstance(result.exception, AutomationError)
    assert f"web at {URL} (502)" in str(result.exception)


def test_the_vcpu_warning_is_printed(answers: dict[str, int | None], monkeypatch: pytest.MonkeyPatch) -> None:
    answers[URL] = 200
    monkeypatch.setattr(check, "vcpu_warning", lambda _stacks, stack: f"may {stack} take so many?")

    assert call().stderr.startswith("may dev take so many?\n")


def test_a_stack_without_addresses_is_an_error() -> None:
    stacks = FakeStacks(state=resources({}))

    result = CliRunner().invoke(check.check, ["dev"], obj=stacks, standalone_mode=False)

    assert "dev has no addresses" in str(result.exception)


def test_a_stack_of_workers_has_nothing_to_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workflow `deploy` checks every stack."""
    stacks = FakeStacks(Aws(describe_services=service()), resources({"urls": {}}, "web"))
    worker = SimpleNamespace(exposure="none")
    monkeypatch.setattr(stacks, "settings", lambda _: SimpleNamespace(services=[worker], most_vcpus=1))

    result = CliRunner().invoke(check.check, ["dev", "--json"], obj=stacks, standalone_mode=False)

    assert result.exception is None
    assert result.stderr == "no service of dev has an address: nothing to request\n"
    assert json.loads(result.stdout) == {"stack": "dev", "answered": {}, "not_requested": []}


def test_json_lists_what_answered_and_what_was_not_requested(answers: dict[str, int | None]) -> None:
    answers[URL] = 200

    result = call("--json")

    assert json.loads(result.stdout) == {
        "stack": "dev",
        "answered": {"web": URL},
        "not_requested": ["web-alice"],
    }
    assert f"web answers at {URL}" in result.stderr
