"""What pages of other origins may send and read: the functions and API Gateway agree on it."""

ALLOW_HEADERS = ("Accept", "Authorization", "Content-Type", "Idempotency-Key", "If-None-Match")
EXPOSE_HEADERS = ("ETag", "Link", "Location", "Retry-After", "WWW-Authenticate")
MAX_AGE_SECONDS = 600
