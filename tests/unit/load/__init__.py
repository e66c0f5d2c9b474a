"""The parts of the step `load` that need neither database nor S3."""
