"""Programs that `load_file` runs, each in a process of its own whose CPU and memory it reads."""
