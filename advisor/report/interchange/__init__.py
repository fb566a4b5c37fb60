"""Energy of a measurement in the forms that other tools read and write."""
