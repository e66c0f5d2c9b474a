"""/jobs: states, waybills, rejects, runs, cancellation, replay."""
