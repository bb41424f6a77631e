//! A stand-in for an OpenAI-compatible API.
