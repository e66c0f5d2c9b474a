"""The Lambda functions: the API, the pipeline and the migration, one folder each."""
