"""What plan makes of events and objects, without a database."""
