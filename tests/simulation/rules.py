"""What the agents of a simulation go by."""

from tests.simulation.encoder import FIT
from tests.simulation.plan import Plan
from workers.mailbox import AgentRules
from workers.triggers import TriggerPolicy


def rules_of(plan: Plan) -> AgentRules:
    """Short times, so that a minute holds all that a day may."""
    triggers = TriggerPolicy(
        refit_age=10.0,
        refine_after=6,
        refine_first=4,
        refine_cooldown=20.0,
        refine_idle=3.0,
        refine_age=10 * 86_400.0,
    )
    return AgentRules(FIT, triggers, window=plan.window, item_wait=20.0, max_waiting=8)
