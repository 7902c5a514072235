"""The application: rules, connectors, inbox, outbox, and in `views/` its web door."""
