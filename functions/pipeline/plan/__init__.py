"""Plans an object: registers it, verifies it, sniffs its layout, divides it into chunks."""
