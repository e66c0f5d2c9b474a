"""What must be told after a commit: rows of the commit, events afterwards."""
