//! A session in use: tokens that are refused, models that are not served, and limits.
