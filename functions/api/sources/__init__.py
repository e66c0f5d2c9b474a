"""/data-sources: what is pulled, from where, and into which dataset."""
