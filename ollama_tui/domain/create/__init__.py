"""A model being made in the create form."""
