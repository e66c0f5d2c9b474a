"""GET /users/…, /datasets/{name}/rows: rows by value, and the cost of finding them."""
