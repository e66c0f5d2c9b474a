"""What the API functions share: validation, responses, problems, pages, links."""
