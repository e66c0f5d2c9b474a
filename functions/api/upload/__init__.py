"""The upload door: hands out presigned uploads without the database."""
