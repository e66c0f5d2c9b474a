"""The constructs: one per kind of resource."""
