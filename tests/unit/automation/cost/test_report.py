"""What people read."""

from __future__ import annotations

from dataclasses import replace

import click
import pytest

from automation.cost.estimate import Estimate
from automation.cost.report import as_json, change_as_json, change_lines, lines, signed
from tests.unit.automation.cost.bills import SERVICE, bill, resource, service, task

KEY, ADDRESS, BUCKET = "aws:kms/key:Key", "aws:ec2/eip:Eip", "aws:s3/bucket:Bucket"


def told(estimate: Estimate) -> list[str]:
    return [click.unstyle(line) for line in lines(estimate)]


def test_lines_say_what_is_paid_for_what_and_on_what_it_rests() -> None:
    assert told(bill(resource(ADDRESS, "gateway"), resource(KEY, "state"), hours=1500)) == [
        "test in nowhere: $1,501.00 a month",
        "                      resource  quantity    price    a month",
        "Public IPv4                                        $1,500.00",
        "  an elastic address  gateway   1,500 unit  $1     $1,500.00",
        "Keys                                                   $1.00",
        "  key                 state     1 unit      $1         $1.00",
        "",
        "Assumed (change with --assume name=number):",
        "  hours=1500  hours of a month",
        "Prices read 2026-01-02; without free tiers, discounts and taxes.",
    ]


def test_on_a_terminal_sums_stand_out() -> None:
    """Elsewhere click leaves the style out."""
    bold = [line for line in lines(bill(resource(KEY))) if line != click.unstyle(line)]

    assert [click.unstyle(line).split()[0] for line in bold] == ["resource", "Keys"]


def test_what_a_number_of_tasks_rests_on_is_said_once_for_those_that_share_it() -> None:
    """A cheap stack that sleeps must not look like one that is cheap awake."""
    target, scheduled = (
        "aws:appautoscaling/target:Target",
        "aws:appautoscaling/scheduledAction:ScheduledAction",
    )
    night = {"minCapacity": 0, "maxCapacity": 0}
    day = {"minCapacity": "2", "maxCapacity": "2"}
    stack = [task(), service("always")]
    for name in ("web", "web-alice"):
        where = {"resourceId": f"service/cluster/{name}-1a2b3c4"}
        stack += [
            resource(SERVICE, name, **service().properties, name=f"{name}-1a2b3c4"),
            resource(target, name, **where, minCapacity=1, maxCapacity=2),
            resource(
                scheduled, f"{name}-day", **where, schedule="cron(0 6 * * ? *)", scalableTargetAction=day
            ),
            resource(
                scheduled, f"{name}-night", **where, schedule="cron(0 18 * * ? *)", scalableTargetAction=night
            ),
        ]
    estimate = bill(*stack)

    line = "Tasks of web, web-alice: 1 on average, 0 to 2 by its schedule"
    assert [said for said in told(estimate) if said.startswith("Tasks of")] == [line]
    assert as_json(estimate)["tasks"] == {
        "always": {"average": 1, "basis": "desired count"},
        "web": {"average": 1, "basis": "1 on average, 0 to 2 by its schedule"},
        "web-alice": {"average": 1, "basis": "1 on average, 0 to 2 by its schedule"},
    }


def test_how_many_vcpus_it_may_take_is_said() -> None:
    """Before the first deployment, which would wait for what the account does not allow."""
    estimate = bill(resource(KEY))
    large = replace(estimate, stack=replace(estimate.stack, most_vcpus=24))

    assert any("may take 24 Fargate vCPUs at once" in line for line in told(large))
    assert as_json(large)["most_vcpus"] == 24


def test_what_could_not_be_priced_is_said() -> None:
    unpriced = bill(resource("aws:rds/instance:Instance"))

    assert "Not priced, so it costs more than this: 1 aws:rds/instance:Instance" in told(unpriced)


def test_a_change_is_told_with_the_largest_first() -> None:
    before = bill(resource(KEY), resource(BUCKET), bucket_gb=5)
    after = bill(resource(KEY), resource(ADDRESS), hours=2)
    shown = [click.unstyle(line) for line in change_lines([("now", before), ("then", after)])]

    assert shown[:7] == [
        "",
        "from now to then: -$3.00 a month",
        "               now   then  change",
        "Buckets      $5.00  $0.00  -$5.00",
        "Public IPv4  $0.00  $2.00  +$2.00",
        "Keys         $1.00  $1.00   $0.00",
        "total        $6.00  $3.00  -$3.00",
    ]


@pytest.mark.parametrize(
    ("amount", "text"), [(1.5, "+$1.50"), (-1234.5, "-$1,234.50"), (-0.001, "$0.00"), (0, "$0.00")]
)
def test_a_change_has_a_sign_unless_there_is_none(amount: float, text: str) -> None:
    assert signed(amount) == text


def test_a_program_gets_every_line_with_its_source() -> None:
    document = as_json(bill(resource(KEY, "state")))

    assert document["usd_per_month"] == 1
    assert document["groups"] == {"Keys": 1}
    assert document["lines"] == [
        {
            "resource": "state",
            "type": KEY,
            "group": "Keys",
            "what": "key",
            "quantity": 1,
            "unit": "unit",
            "usd_per_unit": 1,
            "usd_per_month": 1,
            "source": "https://example.com",
            "read": "2026-01-02",
        }
    ]


def test_a_program_gets_the_change_of_each_group() -> None:
    document = change_as_json([("now", bill(resource(KEY))), ("then", bill())])["change"]

    assert document["usd_per_month"] == -1
    assert document["groups"] == {"Keys": {"from": 1, "to": 0, "change": -1}}
