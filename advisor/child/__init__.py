"""The one way to run work in a child process."""
