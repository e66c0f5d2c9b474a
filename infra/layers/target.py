"""The target of the layers: the runtime of the functions on AWS."""

PYTHON = "3.13"
PLATFORM = "x86_64-manylinux_2_34"
"""Lambda's Amazon Linux 2023 has glibc 2.34; wheels for older ones are taken as well."""
