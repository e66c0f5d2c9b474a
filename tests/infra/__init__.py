"""What must hold of the templates of every environment."""
