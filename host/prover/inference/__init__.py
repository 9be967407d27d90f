"""Inference by integers: int8 ONNX models, equal to onnxruntime, and circuits of them."""
