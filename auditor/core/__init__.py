"""The pure centre: model, expressions, judgement. No input or output, no clock of its own."""
