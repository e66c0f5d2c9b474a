"""The reaper frees, resends or ends stalled work."""
