"""Archives of several files: zip and tar."""
