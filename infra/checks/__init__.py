"""Security checks of the templates of every environment on AWS: `python -m infra.checks`."""
