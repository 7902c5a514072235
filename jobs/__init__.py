"""The processes beside the web server: the supervisor, the workers and the scheduler."""
