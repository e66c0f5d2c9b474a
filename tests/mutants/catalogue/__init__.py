"""Every mutant, by subject."""

from tests.mutants.catalogue import (
    chunks,
    dispositions,
    locks,
    merge,
    partitions,
    plan,
    publishing,
    reaper,
    references,
    registration,
    rejects,
    steps,
    waiting,
)
from tests.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *registration.MUTANTS,
    *plan.MUTANTS,
    *chunks.MUTANTS,
    *locks.MUTANTS,
    *merge.MUTANTS,
    *dispositions.MUTANTS,
    *references.MUTANTS,
    *partitions.MUTANTS,
    *waiting.MUTANTS,
    *rejects.MUTANTS,
    *publishing.MUTANTS,
    *steps.MUTANTS,
    *reaper.MUTANTS,
)
