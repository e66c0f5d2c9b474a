"""The functions behind the HTTP API, one folder each."""
