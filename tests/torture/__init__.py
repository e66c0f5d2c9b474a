"""Real processes, connections and disks that fail in the middle of real loads."""
