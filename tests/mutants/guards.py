"""All guards, each with the tests that fail without it: one table for each subject."""

from tests.mutants.asking import ASKING
from tests.mutants.brought import BROUGHT
from tests.mutants.doors import DOORS
from tests.mutants.forgetting import FORGETTING
from tests.mutants.keeping import KEEPING
from tests.mutants.living import LIVING
from tests.mutants.mutation import Mutation
from tests.mutants.ordering import ORDERING
from tests.mutants.own_spaces import OWN_SPACES
from tests.mutants.persons import PERSONS
from tests.mutants.sealing import SEALING
from tests.mutants.trusting import TRUSTING

GUARDS: tuple[Mutation, ...] = (
    *KEEPING,
    *ORDERING,
    *PERSONS,
    *ASKING,
    *OWN_SPACES,
    *TRUSTING,
    *SEALING,
    *FORGETTING,
    *BROUGHT,
    *LIVING,
    *DOORS,
)
