"""The monthly cost of an environment, from list prices and a stated load."""
