"""Every mutant, by subject."""

from tests.mutants.catalogue import (
    chunks,
    dispositions,
    exchanges,
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
    *exchanges.MUTANTS,
    *partitions.MUTANTS,
    *waiting.MUTANTS,
    *rejects.MUTANTS,
    *publishing.MUTANTS,
    *steps.MUTANTS,
    *reaper.MUTANTS,
)
