"""The function `publish`: events that a killed merge left in the outbox."""
