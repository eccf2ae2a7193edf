"""The workplaces: layout, view state, dispatch."""
