"""Waybill: what the steps of a file's path share."""
