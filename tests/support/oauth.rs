//! A stand-in for the sign-in service.
