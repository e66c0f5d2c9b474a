"""Moves a staged job into its table, with its waybill."""
