"""The function `notify`: digests reach their receivers, each once."""
