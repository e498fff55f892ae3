"""Finds how many learners a server carries: classes of children in a lesson, played by locust."""
