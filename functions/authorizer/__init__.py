"""Check the token of every request before API Gateway passes it on."""
