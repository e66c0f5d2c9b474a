"""The set-up of the environment: what `make` installs, and from what."""
