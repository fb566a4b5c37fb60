"""Model Fit Advisor: which AI model, at which quantization, is enough for a task here, and what it costs."""

__version__ = "0.2.0"
