"""The steps of a file's path: plan, load, merge, publish, refresh, reap."""
