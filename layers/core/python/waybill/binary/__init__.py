"""Binary files: Parquet, Arrow and Excel, decoded in a process of their own."""
