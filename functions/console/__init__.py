"""The console: its files, and the function that publishes them during a deployment."""
