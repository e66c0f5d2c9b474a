"""The whole pipeline, from a landed file to rows, through the real handlers and queues."""
