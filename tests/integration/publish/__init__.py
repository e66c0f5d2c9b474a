"""The step `publish`: what a killed merge left in the outbox."""
