"""How an update changes a stack's cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from automation.cost import report
from automation.cost.assumptions import Assumptions
from automation.cost.estimate import estimate
from automation.cost.plan import plan
from automation.cost.prices import TablePrices
from automation.cost.resources import stack_of
from automation.errors import AutomationError
from automation.stacks.stacks import ROOT, settings_of


@dataclass(frozen=True, kw_only=True)
class CostChange:
    """Dollars a month before and after an update."""

    before: float = 0.0
    after: float = 0.0
    budget: int | None = None
    missing: tuple[str, ...] = ()
    """Keys of prices that are unknown in the region; the amounts do not include them."""
    unknown: str = ""
    """Why the cost is unknown."""

    @classmethod
    def of(cls, stack: str, resources: Sequence[Mapping[str, Any]], *, unchanged: bool = False) -> CostChange:
        """Compare the declared resources with those in the state; a failure is returned as `unknown`.

        Args:
            stack: the stack's name.
            resources: those in the state.
            unchanged: whether both are the same, so that the program need not run.
        """
        try:
            deployed = stack_of(resources, origin=f"the state of {stack}", name=stack)
            if unchanged:
                budget = settings_of(stack, ROOT).monthly_budget_usd
                declared = replace(deployed, monthly_budget_usd=budget)
            else:
                declared = plan(stack)
            assumptions = Assumptions()
            after = estimate(declared, TablePrices(declared.region), assumptions)
            before = estimate(deployed, TablePrices(deployed.region or declared.region), assumptions)
        except AutomationError as error:
            return cls(unknown=str(error))
        return cls(
            before=before.usd,
            after=after.usd,
            budget=declared.monthly_budget_usd,
            missing=tuple(sorted({*before.missing, *after.missing})),
        )

    @property
    def over_budget(self) -> bool:
        """Whether the stack would cost more than its budget."""
        return self.budget is not None and round(self.after, 2) > self.budget

    def __str__(self) -> str:
        if self.unknown:
            return f"unknown: {self.unknown}"
        over = f", more than its budget of ${self.budget}" if self.over_budget else ""
        without = f", without {', '.join(self.missing)}: no price is known there" if self.missing else ""
        difference = self.after - self.before
        if round(difference, 2) == 0:
            return f"{report.usd(self.after)} a month, as before{over}{without}"
        before, after = report.usd(self.before), report.usd(self.after)
        return f"{before} → {after} a month ({report.signed(difference)}){over}{without}"

    def as_json(self) -> dict[str, Any]:
        """Return the change as plain data."""
        return {
            "before_usd": round(self.before, 2),
            "after_usd": round(self.after, 2),
            "budget_usd": self.budget,
            "over_budget": self.over_budget,
            "missing_prices": list(self.missing),
            "error": self.unknown or None,
        }
