"""What the service promises; dashboards show how much of the permitted failures is left."""

SERVED_PERCENT = 99.9
"""Of requests that are answered without a 5xx, and of jobs that end without being given up."""
PERMITTED_PERCENT = 100 - SERVED_PERCENT
DAYS = 30
"""The time over which the objective is measured."""
