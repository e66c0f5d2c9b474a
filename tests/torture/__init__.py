"""Real processes, connections and disks that die in the middle of real loads."""
