"""Cache-aside: stores, entries that carry their version, and leases of a dataset's generation."""
