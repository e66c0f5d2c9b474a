"""Cuts a landed object into chunks."""
