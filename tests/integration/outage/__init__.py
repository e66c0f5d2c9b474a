"""Outages of the database: nothing is lost or given up."""
