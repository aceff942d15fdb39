"""What people read."""

from __future__ import annotations

from dataclasses import replace

import click
import pytest

from automation.cost.assumptions import Assumptions
from automation.cost.estimate import Estimate, estimate
from automation.cost.prices import MissingPriceError, Price
from automation.cost.report import as_json, change_as_json, change_lines, lines, signed
from tests.unit.automation.cost.bills import (
    SERVICE,
    EverythingCostsADollar,
    bill,
    resource,
    service,
    stack,
    task,
)

KEY, ADDRESS, BUCKET = "aws:kms/key:Key", "aws:ec2/eip:Eip", "aws:s3/bucket:Bucket"


def told(found: Estimate) -> list[str]:
    return [click.unstyle(line) for line in lines(found)]


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
        "  hours=1500  hours in a month",
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
    declared = [task(), service("always")]
    for name in ("web", "web-alice"):
        where = {"resourceId": f"service/cluster/{name}-1a2b3c4"}
        declared += [
            resource(SERVICE, name, **service().properties, name=f"{name}-1a2b3c4"),
            resource(target, name, **where, minCapacity=1, maxCapacity=2),
            resource(
                scheduled, f"{name}-day", **where, schedule="cron(0 6 * * ? *)", scalableTargetAction=day
            ),
            resource(
                scheduled, f"{name}-night", **where, schedule="cron(0 18 * * ? *)", scalableTargetAction=night
            ),
        ]
    found = bill(*declared)

    line = "Tasks of web, web-alice: 1 on average, 0 to 2 by its schedule"
    assert [said for said in told(found) if said.startswith("Tasks of")] == [line]
    assert as_json(found)["tasks"] == {
        "always": {"average": 1, "basis": "desired count"},
        "web": {"average": 1, "basis": "1 on average, 0 to 2 by its schedule"},
        "web-alice": {"average": 1, "basis": "1 on average, 0 to 2 by its schedule"},
    }


def test_how_many_vcpus_it_may_take_is_said() -> None:
    """Before the first deployment, which would wait for what the account does not allow."""
    small = bill(resource(KEY))
    large = replace(small, stack=replace(small.stack, most_vcpus=24))

    assert any("may need up to 24 Fargate vCPUs" in line for line in told(large))
    assert as_json(large)["most_vcpus"] == 24


def test_what_could_not_be_priced_is_said() -> None:
    unpriced = bill(resource("aws:rds/instance:Instance"))

    assert "Not included, so the stack costs more: 1 aws:rds/instance:Instance" in told(unpriced)


class NoPriceOfAddresses(EverythingCostsADollar):
    """A region in which one price is not known."""

    def price(self, key: str) -> Price:
        if key in ("public-ipv4", "efs-read"):
            raise MissingPriceError(key)
        return super().price(key)


def test_a_price_that_a_region_lacks_is_said_with_the_way_to_get_it() -> None:
    found = estimate(stack(resource(ADDRESS), resource(KEY)), NoPriceOfAddresses(), Assumptions())

    assert found.usd == 1
    assert "Not included, so the stack costs more: no price is known in nowhere of public-ipv4" in told(found)
    assert "`cost --live` gets prices from AWS, with credentials: public-ipv4" in told(found)
    assert as_json(found)["no_price_known"] == ["public-ipv4"]


def test_what_the_tasks_that_always_run_would_cost_less_is_said() -> None:
    """Each vCPU and GB for a dollar: 100 hours of one task of half a vCPU and 1 GB."""
    shown = told(bill(task(), service(), hours=100))
    first = shown.index("Tasks that always run, on demand (1 of web): $150.00 a month of Fargate; less with")

    assert shown[first + 1 : first + 6] == [
        "                                             a month   change    commits to",
        "  Compute Savings Plan, 1 year, no upfront   $118.03  -$31.97  $1.1803/hour",
        "  Compute Savings Plan, 3 years, no upfront   $80.94  -$69.06  $0.8094/hour",
        "",
        "Plans: rates of us-east-1, read 2026-09-28; the same discount is assumed elsewhere.",
    ]


def test_where_no_task_always_runs_nothing_is_said_of_savings() -> None:
    assert not any("Savings Plan" in line for line in told(bill(resource(KEY))))


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
