"""Pure prediction of memory, time and energy."""
