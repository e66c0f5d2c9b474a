"""POST /uploads: presigned uploads and small files, without the database."""
