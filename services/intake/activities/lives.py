"""A life in the columns of its table, and back."""

from typing import Any

from services.intake.activities.rules import Life, Plan, State
from services.intake.activities.tables import Activity


def life_of(row: Activity) -> Life:
    plan = None
    if row.starts and row.ends and row.sign_up_from and row.sign_up_until:
        plan = Plan(row.starts, row.ends, row.sign_up_from, row.sign_up_until)
    return Life(
        state=State(row.state),
        version=row.version,
        checked=row.checked,
        plan=plan,
        opened=row.opened,
        held=row.held,
        settled=row.settled,
        cancelled=row.cancelled,
        leave_until=row.leave_until,
        reason=row.reason,
    )


def columns_of(life: Life) -> dict[str, Any]:
    plan = life.plan
    return {
        "state": life.state.value,
        "version": life.version,
        "checked": life.checked,
        "starts": None if plan is None else plan.starts,
        "ends": None if plan is None else plan.ends,
        "sign_up_from": None if plan is None else plan.sign_up_from,
        "sign_up_until": None if plan is None else plan.sign_up_until,
        "opened": life.opened,
        "held": life.held,
        "settled": life.settled,
        "cancelled": life.cancelled,
        "leave_until": life.leave_until,
        "reason": life.reason,
    }
