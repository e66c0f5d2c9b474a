"""GET /users/…, /datasets/{name}/rows: rows by value, with what it took to find them."""
