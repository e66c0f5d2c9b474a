"""`waybill doctor`: checks of a set-up, and what to do about what is wrong."""
