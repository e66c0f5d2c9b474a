"""Every definition of the job states agrees with `waybill.states`."""

import re
from typing import get_args

from functions.api.jobs.job_state import State
from functions.api.jobs.models import FINAL_STATES
from tests.sql.staging import Ledger
from waybill.states import JobState
from waybill_client.models import OPEN_STATES
from waybill_client.models import State as ClientState

STATES = {state.value for state in JobState}
# The state that is stored is the one that the load ended with.
SHOWN = {JobState.REVERTING.value}


def test_the_table_allows_exactly_these_states(ledger: Ledger) -> None:
    ((definition,),) = ledger.rows(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conname = 'ingestion_jobs_state_check'"
    )
    assert set(re.findall(r"'([A-Z_]+)'", definition)) == STATES - SHOWN


def test_the_routines_agree_on_open_and_final_states(ledger: Ledger) -> None:
    for state in JobState:
        ((is_open, is_final),) = ledger.rows(
            "SELECT waybill.is_open(%s), waybill.is_final(%s)", state, state
        )
        assert (is_open, is_final) == (state.is_open, state.is_final)


def test_the_api_lists_these_states() -> None:
    listed = {*get_args(State)}
    assert listed == STATES
    assert {*get_args(ClientState)} == listed
    final = {state.value for state in JobState if state.is_final}
    assert final == FINAL_STATES
    assert listed - final == OPEN_STATES
