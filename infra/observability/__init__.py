"""What watches the services."""
