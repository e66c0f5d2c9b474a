"""/data: documents without a fixed schema."""
