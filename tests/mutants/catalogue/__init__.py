"""Every mutant, by subject."""

from collections.abc import Mapping
from itertools import chain

from tests.mutants.catalogue import (
    archives,
    chunks,
    constraints,
    dialects,
    dispositions,
    drift,
    duplicates,
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
    reverts,
    rules,
    slices,
    snapshots,
    sources,
    steps,
    surveys,
    waiting,
)
from tests.mutants.mutant import Mutant

SUBJECTS: Mapping[str, tuple[Mutant, ...]] = {
    subject.__name__.rpartition(".")[2]: subject.MUTANTS
    for subject in (
        registration,
        plan,
        chunks,
        slices,
        surveys,
        dialects,
        locks,
        merge,
        dispositions,
        duplicates,
        references,
        constraints,
        exchanges,
        partitions,
        snapshots,
        waiting,
        rules,
        sources,
        rejects,
        reverts,
        publishing,
        steps,
        reaper,
        drift,
        archives,
    )
}
MUTANTS: tuple[Mutant, ...] = tuple(chain.from_iterable(SUBJECTS.values()))
