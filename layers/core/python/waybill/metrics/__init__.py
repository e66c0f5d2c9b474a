"""Metrics: counted in each process, kept in the state bucket, shown as Prometheus text.

Those that alarms and the CloudWatch dashboard use are also written to the log, in CloudWatch's
embedded format. Nothing here connects to the database to be read.
"""
