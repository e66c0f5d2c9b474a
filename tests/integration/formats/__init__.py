"""Files of every form through plan, load and merge; formats of every type and back."""
