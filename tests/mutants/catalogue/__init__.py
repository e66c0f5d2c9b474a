"""Every mutant, by subject."""

from tests.mutants.catalogue import chunks, merge, plan, references, registration
from tests.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *registration.MUTANTS,
    *plan.MUTANTS,
    *chunks.MUTANTS,
    *merge.MUTANTS,
    *references.MUTANTS,
)
