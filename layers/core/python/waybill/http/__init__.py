"""Shared by the API functions: validation, responses, problems, pages, links."""
