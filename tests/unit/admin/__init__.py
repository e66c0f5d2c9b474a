"""What administrators ask for."""
