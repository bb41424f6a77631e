//! The base protocol: framing, lifecycle, cancelling, ending.
