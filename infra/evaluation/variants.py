"""The service set up otherwise, for comparisons."""

from dataclasses import replace
from typing import Any

from workers.mailbox import AgentRules
from workers.state import UserState


def refitted(rules: AgentRules, **changes: Any) -> AgentRules:
    """With other `workers.refit.FitRules`."""
    return replace(rules, fit=replace(rules.fit, **changes))


def words_alone(rules: AgentRules) -> AgentRules:
    """Every interest has the vector of its words: none is sharpened by the interactions behind it."""
    return refitted(rules, sharpen=0.0)


def equal_weights(state: UserState) -> UserState:
    """Every interest counts alike, for or against: what learning the weights is worth."""
    return replace(
        state, interests=tuple(one._replace(weight=1.0 if one.weight > 0 else -1.0) for one in state.interests)
    )
