"""The landing bucket: keys, objects and their versions."""
