"""The steps together: a landed file to rows, through the real handlers and queues."""
