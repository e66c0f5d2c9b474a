"""What an environment costs a month, from list prices and a stated load."""
