"""The steps of a delivery that `make` and the workflows run."""
