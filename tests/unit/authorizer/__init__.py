"""The authorizer of the API."""
