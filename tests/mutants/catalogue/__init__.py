"""Every mutant, by subject."""

from tests.mutants.catalogue import (
    chunks,
    locks,
    merge,
    plan,
    reaper,
    references,
    registration,
    rejects,
    waiting,
)
from tests.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *registration.MUTANTS,
    *plan.MUTANTS,
    *chunks.MUTANTS,
    *locks.MUTANTS,
    *merge.MUTANTS,
    *references.MUTANTS,
    *waiting.MUTANTS,
    *rejects.MUTANTS,
    *reaper.MUTANTS,
)
